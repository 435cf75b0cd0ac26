// expand: y = x broadcast with `shape` (a dimension 1 or -1 keeps x's). tile: y = x repeated `repeats` times along every axis.
#include <algorithm>

#include "core/text.h"
#include "ops/expand/expand_attrs.h"
#include "ops/op.h"
#include "ops/quantize/requantize.h"
#include "ops/reference_tools.h"
#include "ops/shape_rules.h"

namespace verge::ops {
namespace {

Result<void> infer_expand(InferContext& c) {
  VERGE_CHECK(need_rank(c.in(0), "input"));
  std::vector<Dim> target;
  for (int64_t size : c.node.integers("shape")) {
    if (size < -1) return invalid("shape " + bracketed(c.node.integers("shape")) + " has a dimension below -1");
    target.emplace_back(size == -1 ? 1 : size);
  }
  infer_same(c);
  VERGE_TRY(c.out[0].dims, broadcast_dims(c.in(0).dims, target));
  return done();
}

Result<void> infer_tile(InferContext& c) {
  VERGE_CHECK(need_rank(c.in(0), "input"));
  const std::vector<int64_t> repeats = c.node.integers("repeats");
  if (static_cast<int>(repeats.size()) != c.in(0).rank()) return invalid("repeats " + bracketed(repeats) + " for " + c.in(0).text());
  infer_same(c);
  for (size_t d = 0; d < repeats.size(); ++d) {
    if (repeats[d] < 0) return invalid("repeats " + bracketed(repeats) + " has a negative one");
    Dim& dim = c.out[0].dims[d];
    if (repeats[d] != 1) dim = dim.known() ? Dim(dim.size * repeats[d]) : Dim();
  }
  return done();
}

QuantRule quant(const Graph&, const Node&) { return {.kind = QuantRule::Kind::kPassThrough}; }

Result<void> reference(ReferenceContext& c) {
  Tensor& y = c.out[0];
  VERGE_TRY(const Tensor x, moved_tensor(c.node, c.in[0], y));
  const int more = y.shape().rank - x.shape().rank;
  return move_elements(x, y, [&](int64_t i) {
    Coordinates at = coordinates_of(y.shape(), i);
    at.erase(at.begin(), at.begin() + more);
    for (size_t d = 0; d < at.size(); ++d) at[d] %= x.shape()[static_cast<int>(d)];
    return index_of(x.shape(), at);
  });
}

Result<void> lower(const Node& node, Emitter& emitter) {
  const TensorType &x = emitter.graph().type(node.input(0)), &y = emitter.graph().type(node.output());
  if (dtype_bits(y.dtype) < 8) return unsupported(node.op + " of packed " + dtype_name(y.dtype));
  if (x == y) return emitter.alias(node.output(), node.input(0));
  VERGE_TRY(const TensorRef in, moved_input(emitter, node));
  emitter.emit(exec::Op::expand, {in}, {emitter.tensor(node.output())}, exec::ExpandAttrs{});
  return done();
}

}  // namespace

VERGE_OP_METHODS(expand) = {.infer = infer_expand, .cost = movement_cost, .reference = reference, .quant = quant, .lower = lower};
VERGE_OP_METHODS(tile) = {.infer = infer_tile, .cost = movement_cost, .reference = reference, .quant = quant, .lower = lower};

}  // namespace verge::ops
