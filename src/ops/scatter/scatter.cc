// x with elements replaced where indices (i32 or i64, negative ones from the end) say, or combined with updates by `reduction` (none, add, mul, min, max).
//
//   scatter_elements  y[i with i[axis] = indices[i]] = updates[i]      for every i of the updates, whose shape is the indices'
//   scatter_nd        y[indices[j, 0], ..., indices[j, k - 1], ...] = updates[j, ...]
#include "ops/scatter/scatter_attrs.h"

#include <algorithm>

#include "ops/op.h"
#include "ops/reference_tools.h"
#include "ops/shape_rules.h"

namespace verge::ops {
namespace {

constexpr const char* kReductions[] = {"none", "add", "mul", "min", "max"};

Result<exec::Scatter> reduction_of(const Node& node) {
  const std::string wanted = node.text("reduction", "none");
  const auto found = std::find(std::begin(kReductions), std::end(kReductions), wanted);
  if (found == std::end(kReductions)) return invalid("reduction '" + wanted + "' wants none, add, mul, min or max");
  return static_cast<exec::Scatter>(found - std::begin(kReductions));
}

Result<void> infer(InferContext& c) {
  VERGE_CHECK(need_rank(c.in(0), "input"));
  VERGE_CHECK(need_rank(c.in(1), "indices"));
  VERGE_CHECK(reduction_of(c.node));
  const TensorType &x = c.in(0), &indices = c.in(1), &updates = c.in(2);
  const DataType dtype = indices.dtype;
  if (dtype != DataType::kI32 && dtype != DataType::kI64 && dtype != DataType::kNone) return invalid("indices are " + indices.text() + ", want i32 or i64");
  if (updates.dtype != x.dtype && updates.dtype != DataType::kNone && x.dtype != DataType::kNone) return invalid("updates are " + updates.text() + ", want the type of " + x.text());
  if (c.node.op == "scatter_elements") {
    VERGE_CHECK(axis_of(c.node.integer("axis"), x.rank()));
    if (indices.rank() != x.rank()) return invalid("indices " + indices.text() + " have another rank than " + x.text());
  } else if (indices.rank() < 1 || (indices.dims.back().known() && indices.dims.back().size > x.rank())) {
    return invalid("indices " + indices.text() + " name more axes than " + x.text() + " has");
  }
  infer_same(c);
  return done();
}

// Where update `i` goes; -1 when an index lies outside.
int64_t target(const Node& node, const Shape& x, const Shape& updates, const Shape& indices, const std::vector<int64_t>& index, int64_t i) {
  const auto resolved = [&](int64_t k, int64_t size) { return k < 0 ? k + size : k; };
  Coordinates at = coordinates_of(updates, i);
  if (node.op == "scatter_elements") {
    const auto axis = static_cast<size_t>(*axis_of(node.integer("axis"), x.rank));
    at[axis] = resolved(index[i], x[static_cast<int>(axis)]);
    return at[axis] < 0 || at[axis] >= x[static_cast<int>(axis)] ? -1 : index_of(x, at);
  }
  const int k = indices.back(0), outer = indices.rank - 1;
  Coordinates tuple(at.begin(), at.begin() + outer), to;
  tuple.push_back(0);
  for (; tuple.back() < k; ++tuple.back()) {
    const int64_t size = x[static_cast<int>(tuple.back())];
    to.push_back(resolved(index[index_of(indices, tuple)], size));
    if (to.back() < 0 || to.back() >= size) return -1;
  }
  to.insert(to.end(), at.begin() + outer, at.end());
  return index_of(x, to);
}

template <typename T> T combined(exec::Scatter reduction, T a, T b) {
  switch (reduction) {
    case exec::Scatter::kAdd: return static_cast<T>(a + b);
    case exec::Scatter::kMul: return static_cast<T>(a * b);
    case exec::Scatter::kMin: return std::min(a, b);
    case exec::Scatter::kMax: return std::max(a, b);
    default: return b;
  }
}

template <typename T, typename Targets> Result<std::vector<T>> scattered(exec::Scatter reduction, std::vector<T> y, const std::vector<T>& updates, const Targets& to) {
  for (size_t i = 0; i < updates.size(); ++i) {
    const int64_t at = to(static_cast<int64_t>(i));
    if (at < 0) return invalid("the index of update " + std::to_string(i) + " lies outside the input");
    y[at] = combined(reduction, y[at], updates[i]);
  }
  return y;
}

Result<void> reference(ReferenceContext& c) {
  VERGE_TRY(const exec::Scatter reduction, reduction_of(c.node));
  const Tensor &x = c.in[0], &indices = c.in[1], &updates = c.in[2];
  const std::vector<int64_t> index = indices.to_ints();
  const auto to = [&](int64_t i) { return target(c.node, x.shape(), updates.shape(), indices.shape(), index, i); };
  if (is_float(x.dtype())) {
    VERGE_TRY(const std::vector<double> y, scattered(reduction, x.to_doubles(), updates.to_doubles(), to));
    fill(c.out[0], y);
  } else {
    VERGE_TRY(const std::vector<int64_t> y, scattered(reduction, x.to_ints(), updates.to_ints(), to));
    fill_wrapping(c.out[0], y);
  }
  return done();
}

Result<void> lower(const Node& node, Emitter& emitter) {
  VERGE_TRY(const exec::Scatter reduction, reduction_of(node));
  const TensorType& x = emitter.graph().type(node.input(0));
  if (dtype_bits(x.dtype) < 8) return unsupported(node.op + " of a packed type");
  if (reduction != exec::Scatter::kSet && x.dtype != DataType::kF32 && !is_integer(x.dtype) && x.dtype != DataType::kBool) return unsupported(node.op + " of " + x.text() + " that combines: cast to f32 first");
  exec::ScatterAttrs attrs{static_cast<uint32_t>(reduction), node.op == "scatter_nd", 0};
  if (!attrs.nd) {
    VERGE_TRY(attrs.axis, axis_of(node.integer("axis"), x.rank()));
  }
  emitter.emit(exec::Op::scatter, {emitter.tensor(node.input(0)), emitter.tensor(node.input(1)), emitter.tensor(node.input(2))}, {emitter.tensor(node.output())}, attrs, {}, 0);
  return done();
}

constexpr OpMethods kMethods{.infer = infer, .cost = movement_cost, .reference = reference, .lower = lower};

}  // namespace

VERGE_OP_METHODS(scatter_elements) = kMethods;
VERGE_OP_METHODS(scatter_nd) = kMethods;

}  // namespace verge::ops
