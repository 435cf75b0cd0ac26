// values, indices (i64) = the `k` greatest (largest = 1, default) or least of x along `axis` (default -1), best first; of equal values the lower index
// comes first. sorted = 0 allows any order, so this one.
#include <algorithm>
#include <numeric>

#include "ops/op.h"
#include "ops/reference_tools.h"
#include "ops/shape_rules.h"
#include "ops/top_k/top_k_attrs.h"
#include "ops/transpose/transpose.h"

namespace verge::ops {
namespace {

bool takes_least(const Node& node) { return node.integer("largest", 1) == 0; }

Result<void> infer(InferContext& c) {
  VERGE_CHECK(need_rank(c.in(0), "input"));
  VERGE_TRY(const int axis, axis_of(c.node.integer("axis", -1), c.in(0).rank()));
  const int64_t k = c.node.integer("k");
  const Dim& along = c.in(0).dims[static_cast<size_t>(axis)];
  if (k < 0 || (along.known() && k > along.size)) return invalid("k is " + std::to_string(k) + " along axis " + std::to_string(axis) + " of " + c.in(0).text());
  for (TensorType& out : c.out) {
    out = TensorType(c.in(0).dtype, c.in(0).dims);
    out.dims[static_cast<size_t>(axis)] = Dim(k);
  }
  c.out[0].quant = c.in(0).quant;
  c.out[1].dtype = DataType::kI64;
  return done();
}

Cost cost(const Graph& graph, const Node& node) {
  Cost cost{.activation_bytes = moved_bytes(graph, node)};
  if (graph.type(node.input(0)).is_static()) cost.operations = 2 * graph.type(node.input(0)).shape().count();
  return cost;
}

Result<void> reference(ReferenceContext& c) {
  const Tensor& x = c.in[0];
  VERGE_TRY(const int axis, axis_of(c.node.integer("axis", -1), x.shape().rank));
  const int64_t n = x.shape()[axis], inner = x.shape().count(axis + 1, x.shape().rank), k = c.node.integer("k");
  std::vector<int64_t> from(static_cast<size_t>(c.out[0].count())), indices(from.size());
  for (int64_t line = 0; line < x.shape().count(0, axis) * inner; ++line) {
    const auto place = [&](int64_t i) { return (line / inner * n + i) * inner + line % inner; };
    std::vector<int64_t> order(static_cast<size_t>(n));
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return takes_least(c.node) ? x.at(place(a)) < x.at(place(b)) : x.at(place(a)) > x.at(place(b)); });
    for (int64_t i = 0; i < k; ++i) {
      const int64_t to = (line / inner * k + i) * inner + line % inner;
      from[to] = place(order[i]);
      indices[to] = order[i];
    }
  }
  fill(c.out[1], indices);
  return move_elements(x, c.out[0], [&](int64_t i) { return from[i]; });
}

Result<void> lower(const Node& node, Emitter& emitter) {
  const TensorType& x = emitter.graph().type(node.input(0));
  VERGE_TRY(const int axis, axis_of(node.integer("axis", -1), x.rank()));
  constexpr DataType kTypes[] = {DataType::kF32, DataType::kI8, DataType::kU8, DataType::kI32, DataType::kI64, DataType::kU64};
  if (std::find(std::begin(kTypes), std::end(kTypes), x.dtype) == std::end(kTypes)) return unsupported("top_k of " + x.text() + ": f32, i8, u8, i32, i64 and u64 run; cast first");
  const exec::TopKAttrs attrs{takes_least(node)};
  const TensorRef in = emitter.tensor(node.input(0)), values = emitter.tensor(node.output(0)), indices = emitter.tensor(node.output(1));
  if (axis + 1 == x.rank()) {
    emitter.emit(exec::Op::topk, {in}, {values, indices}, attrs);
    return done();
  }
  std::vector<int> perm(static_cast<size_t>(x.rank()));
  std::iota(perm.begin(), perm.end(), 0);
  perm.erase(perm.begin() + axis);
  perm.push_back(axis);
  Shape found = permuted(x.shape(), perm);
  const TensorRef moved = emitter.temporary(x.dtype, found, x.quant);
  emit_transpose(emitter, in, x.shape(), perm, moved);
  found[found.rank - 1] = static_cast<int32_t>(node.integer("k"));
  const TensorRef v = emitter.temporary(x.dtype, found, x.quant), i = emitter.temporary(DataType::kI64, found);
  emitter.emit(exec::Op::topk, {moved}, {v, i}, attrs);
  emit_transpose(emitter, v, found, inverse(perm), values);
  emit_transpose(emitter, i, found, inverse(perm), indices);
  return done();
}

}  // namespace

VERGE_OP_METHODS(top_k) = {.infer = infer, .cost = cost, .reference = reference, .lower = lower};

}  // namespace verge::ops
