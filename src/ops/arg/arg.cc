// y = the index (i64) of the greatest (arg_max) or least (arg_min) value along `axis`; keepdims (default 1) leaves it as size 1. Of equal values the
// first, or the last with select_last_index = 1. Quantised values compare as they are stored.
#include "ops/arg/arg_attrs.h"
#include "ops/op.h"
#include "ops/reduce/reduce.h"
#include "ops/reference_tools.h"
#include "ops/shape_rules.h"

namespace verge::ops {
namespace {

Result<void> infer(InferContext& c) {
  c.out[0].dtype = DataType::kI64;
  if (!c.in(0).ranked) return done();
  VERGE_TRY(const int axis, axis_of(c.node.integer("axis"), c.in(0).rank()));
  if (c.in(0).dims[static_cast<size_t>(axis)].size == 0) return invalid("axis " + std::to_string(axis) + " of " + c.in(0).text() + " is empty");
  c.out[0].ranked = true;
  c.out[0].dims = reduced_dims(c.in(0).dims, {axis}, c.node.integer("keepdims", 1) != 0);
  return done();
}

Cost cost(const Graph& graph, const Node& node) {
  Cost cost{.activation_bytes = moved_bytes(graph, node)};
  if (graph.type(node.input(0)).is_static()) cost.operations = graph.type(node.input(0)).shape().count();
  return cost;
}

Result<void> reference(ReferenceContext& c) {
  const Tensor& x = c.in[0];
  VERGE_TRY(const int axis, axis_of(c.node.integer("axis"), x.shape().rank));
  const bool least = c.node.op == "arg_min", last = c.node.integer("select_last_index") != 0;
  const int64_t n = x.shape()[axis], inner = x.shape().count(axis + 1, x.shape().rank);
  std::vector<int64_t> values(static_cast<size_t>(c.out[0].count()));
  for (int64_t o = 0; o < c.out[0].count(); ++o) {
    const auto at = [&](int64_t i) { return x.at((o / inner * n + i) * inner + o % inner); };
    for (int64_t i = 1; i < n; ++i) {
      const double a = at(i), best = at(values[o]);
      if ((least ? a < best : a > best) || (last && a == best)) values[o] = i;
    }
  }
  fill(c.out[0], values);
  return done();
}

Result<void> lower(const Node& node, Emitter& emitter) {
  const TensorType& x = emitter.graph().type(node.input(0));
  VERGE_TRY(const int axis, axis_of(node.integer("axis"), x.rank()));
  if (x.dtype != DataType::kF32 && !is_integer(x.dtype)) return unsupported(node.op + " of " + x.text() + ": only f32 and integers run; cast first");
  emitter.emit(exec::Op::arg_reduce, {emitter.tensor(node.input(0))}, {emitter.tensor(node.output())},
               exec::ArgReduceAttrs{axis, node.op == "arg_min", node.integer("select_last_index") != 0});
  return done();
}

constexpr OpMethods kMethods{.infer = infer, .cost = cost, .reference = reference, .lower = lower};

}  // namespace

VERGE_OP_METHODS(arg_max) = kMethods;
VERGE_OP_METHODS(arg_min) = kMethods;

}  // namespace verge::ops
