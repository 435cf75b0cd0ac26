// y = c ? a : b with numpy's broadcasting; c bool, a and b of one type. Quantised a and b of another scale are requantised to the output's first.
#include "ops/op.h"
#include "ops/quantize/requantize.h"
#include "ops/reference_tools.h"
#include "ops/shape_rules.h"
#include "ops/where/select_attrs.h"

namespace verge::ops {
namespace {

Result<void> infer(InferContext& c) {
  const TensorType &condition = c.in(0), &a = c.in(1), &b = c.in(2);
  if (condition.dtype != DataType::kBool && condition.dtype != DataType::kNone) return invalid("condition is " + condition.text() + ", wants bool");
  if (a.dtype != b.dtype && !(a.quantized() && b.quantized())) return invalid("inputs are " + a.text() + " and " + b.text() + ", want one element type");
  c.out[0].dtype = output_dtype(c, 1);
  c.out[0].ranked = condition.ranked && a.ranked && b.ranked;
  if (!c.out[0].ranked) return done();
  VERGE_TRY(const std::vector<Dim> values, broadcast_dims(a.dims, b.dims));
  VERGE_TRY(c.out[0].dims, broadcast_dims(condition.dims, values));
  return done();
}

Cost cost(const Graph& graph, const Node& node) { return elementwise_cost(graph, node); }

QuantRule quant(const Graph&, const Node&) { return {.kind = QuantRule::Kind::kSameScale}; }

Result<void> reference(ReferenceContext& c) {
  Tensor& y = c.out[0];
  VERGE_TRY(const Tensor a, moved_tensor(c.node, c.in[1], y));
  VERGE_TRY(const Tensor b, moved_tensor(c.node, c.in[2], y));
  const auto chosen = [&](int64_t i) { return c.in[0].at(broadcast_index(y.shape(), c.in[0].shape(), i)) != 0; };
  VERGE_CHECK(move_elements(a, y, [&](int64_t i) { return chosen(i) ? broadcast_index(y.shape(), a.shape(), i) : -1; }));
  return move_elements(b, y, [&](int64_t i) { return chosen(i) ? -1 : broadcast_index(y.shape(), b.shape(), i); });
}

Result<void> lower(const Node& node, Emitter& emitter) {
  if (dtype_bits(emitter.graph().type(node.output()).dtype) < 8) return unsupported("where of a packed type");
  VERGE_TRY(const TensorRef a, moved_input(emitter, node, 1));
  VERGE_TRY(const TensorRef b, moved_input(emitter, node, 2));
  emitter.emit(exec::Op::select, {emitter.tensor(node.input(0)), a, b}, {emitter.tensor(node.output())}, exec::SelectAttrs{});
  return done();
}

}  // namespace

VERGE_OP_METHODS(where) = {.infer = infer, .cost = cost, .reference = reference, .quant = quant, .lower = lower};

}  // namespace verge::ops
