// TFLite tensors as the Graph's types and constants.
#pragma once
#include <utility>
#include <vector>

#include "formats/tflite/file.h"
#include "ir/graph.h"

namespace verge::formats::tflite {

// kNone for those that Verge has not: complex numbers, handles, numbers of a later schema.
DataType element_type(schema::TensorType type);
// True for the integers that quantisation parameters make real numbers of; parameters of other types mean nothing and are dropped.
bool quantizable(schema::TensorType type);
// Least and greatest value of a quantizable type.
std::pair<int64_t, int64_t> quantized_range(schema::TensorType type);

// Element type, shape (unknown where the file says -1, unranked where it says nothing) and quantisation.
TensorType tensor_type(const schema::Tensor& tensor);

// The constant of a tensor that has bytes and a known element type; sparse ones become dense, two 4-bit numbers in a byte become two bytes.
// At most `limit_bytes` are made. Fails with kCorrupt or, for forms that Verge does not read, kUnsupported.
Result<Tensor> read_constant(const File& file, const schema::Tensor& tensor, size_t limit_bytes);

// Whether a constant of at most 8 bits has a scale for each block along its last axis.
bool is_blockwise(const schema::Tensor& tensor);
// Its real numbers as f32; the scales are another tensor of `graph`.
Result<Tensor> read_blockwise(const File& file, const schema::SubGraph& graph, const schema::Tensor& tensor, size_t limit_bytes);

// The values of a sparse tensor in dense order, zeros between. `values` are the stored ones.
Result<Bytes> densify(const schema::Tensor& tensor, ByteSpan values, size_t element_bytes);

// The real numbers of a quantised tensor as f32; a float tensor comes back as it is.
Tensor dequantized(const Tensor& tensor);
// Dimension i of the result is dimension perm[i] of `tensor`; the axis of its quantisation moves along. Elements are whole bytes.
Tensor permuted(const Tensor& tensor, const std::vector<int>& perm);

}  // namespace verge::formats::tflite
