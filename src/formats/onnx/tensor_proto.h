// TensorProto messages and Tensors. For the ONNX room's own sources: the header shows the generated classes (tensor_pb.h does not).
#pragma once
#include <string>

#include "core/result.h"
#include "ir/tensor.h"
#include "onnx.pb.h"

namespace verge::formats::onnx {

namespace pb = ::verge::onnx_pb;

// Our element type for ONNX's number; kNone for those that Verge does not compute with (strings, complex, 8-bit floats, ...).
DataType dtype_from_onnx(int32_t type);
int32_t dtype_to_onnx(DataType dtype);
// The format's own name, "FLOAT8E4M3FN"; "type 99" for a number that is not known.
std::string onnx_type_name(int32_t type);

// Dimensions as a Shape. Fails when there are more than eight, or one is negative or beyond 2^31 - 1.
Result<Shape> shape_from_dims(const std::vector<int64_t>& dims);
// Elements of `shape`, saturated at 2^62: the product of hostile dimensions does not wrap.
int64_t saturated_count(const Shape& shape);

// Checks that the message holds as many bytes as its type and shape say before it allocates. Weights in another file are read from below `base_dir`;
// an empty `base_dir` refuses them, and so does a location that leaves the folder.
Result<Tensor> tensor_from_proto(const pb::TensorProto& proto, const std::string& base_dir = "");
pb::TensorProto tensor_to_proto(const Tensor& tensor, const std::string& name);

}  // namespace verge::formats::onnx
