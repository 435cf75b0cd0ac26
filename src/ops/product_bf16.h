// Lowering of f32 products to bf16 ones: of nodes with the attribute precision "bf16", which the pass products_in_bf16 gives them.
#pragma once
#include "kernels/conv_geometry.h"
#include "ops/activated_attrs.h"
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
  kReads,  // operands may be either, results are f32
};
Bf16Values bf16_values(const Graph& graph, const Node& node);

// Whether what the node stores as bf16 may be followed by a function in the same instruction.
bool takes_activation(const Graph& graph, const Node& node);
// The function of the attribute "activation": what the unary node of that operator has without attributes.
exec::UnaryF32Attrs activation_of(const Node& node);

inline bool is_real(DataType dtype) { return dtype == DataType::kF32 || dtype == DataType::kBF16; }

// w [groups * group_out][taps * group_in] of f32, in the packing of kernels/gemm_bf16.
Tensor packed_bf16(const ConvGeometry& geometry, const Tensor& w);
// Emits with `attrs`, and with the function that the node's attribute "activation" names (pass functions_into_bf16).
template <typename Attrs>
void emit_activated(const Node& node, Emitter& emitter, exec::Op op, std::vector<TensorRef> in, const Attrs& attrs, TensorRef scratch, int in_place = -1) {
  const TensorRef out = emitter.tensor(node.output());
  if (!node.has("activation")) return emitter.emit(op, std::move(in), {out}, attrs, scratch, in_place);
  emitter.emit(op, std::move(in), {out}, exec::WithActivation<Attrs>{attrs, activation_of(node)}, scratch, in_place);
}

// Scratch for as many threads as the target has.
TensorRef scratch_bf16(Emitter& emitter, const ConvGeometry& geometry);

}  // namespace verge::ops
