// Lowering of f32 products to bf16 ones: of nodes with the attribute precision "bf16", which the pass products_in_bf16 gives them.
#pragma once
#include "kernels/conv_geometry.h"
#include "ops/op.h"

namespace verge::ops {

// Whether the node's product, of this geometry and with constant weights, becomes one of bf16: it asks for it and is not too small to gain.
bool by_bf16(const Node& node, const ConvGeometry& geometry);
// Of matrices that are both computed at run time.
bool by_bf16(const Node& node, int64_t m, int64_t n, int64_t k);
// The same of a node of a graph with static types, whatever its operator.
bool is_bf16_product(const Graph& graph, const Node& node);

// Which real operands and results of a node may be stored as bf16: arithmetic is in float all the same.
enum class Bf16Values : uint8_t {
  kNone,
  kEach,   // each may be f32 or bf16
  kAlike,  // all of one type
};
Bf16Values bf16_values(const Graph& graph, const Node& node);

inline bool is_real(DataType dtype) { return dtype == DataType::kF32 || dtype == DataType::kBF16; }

// w [groups * group_out][taps * group_in] of f32, in the packing of kernels/gemm_bf16.
Tensor packed_bf16(const ConvGeometry& geometry, const Tensor& w);
// Scratch for as many threads as the target has.
TensorRef scratch_bf16(Emitter& emitter, const ConvGeometry& geometry);

}  // namespace verge::ops
