// cum_sum, cum_prod: y[i] along `axis` = the sum or product of x[0 .. i]; `exclusive` (0) leaves x[i] itself out, `reverse` (0) goes from the end.
#include "ops/cumulate/cumulate_attrs.h"

#include "ops/op.h"
#include "ops/reference_tools.h"
#include "ops/shape_rules.h"

namespace verge::ops {
namespace {

Result<void> infer(InferContext& c) {
  VERGE_CHECK(need_rank(c.in(0), "input"));
  VERGE_CHECK(axis_of(c.node.integer("axis"), c.in(0).rank()));
  infer_same(c);
  return done();
}

Cost cost(const Graph& graph, const Node& node) { return elementwise_cost(graph, node); }

template <typename T> std::vector<T> cumulated(const Node& node, const Shape& shape, int axis, const std::vector<T>& x) {
  const bool product = node.op == "cum_prod", exclusive = node.integer("exclusive") != 0, reverse = node.integer("reverse") != 0;
  std::vector<T> y(x.size());
  for (size_t i = 0; i < x.size(); ++i) {
    Coordinates at = coordinates_of(shape, static_cast<int64_t>(i));
    const int64_t here = at[static_cast<size_t>(axis)];
    y[i] = product ? T{1} : T{0};
    for (int64_t k = 0; k < shape[axis]; ++k) {
      const bool counts = k == here ? !exclusive : reverse ? k > here : k < here;
      at[static_cast<size_t>(axis)] = k;
      const T value = x[static_cast<size_t>(index_of(shape, at))];
      if (counts) y[i] = product ? y[i] * value : y[i] + value;
    }
  }
  return y;
}

Result<void> reference(ReferenceContext& c) {
  const Tensor& x = c.in[0];
  VERGE_TRY(const int axis, axis_of(c.node.integer("axis"), x.shape().rank));
  if (is_float(x.dtype())) {
    fill(c.out[0], cumulated(c.node, x.shape(), axis, x.to_doubles()));
    return done();
  }
  const std::vector<int64_t> values = x.to_ints();
  const std::vector<uint64_t> y = cumulated(c.node, x.shape(), axis, std::vector<uint64_t>(values.begin(), values.end()));
  fill_wrapping(c.out[0], {y.begin(), y.end()});
  return done();
}

Result<void> lower(const Node& node, Emitter& emitter) {
  const TensorType& x = emitter.graph().type(node.input(0));
  if (x.dtype != DataType::kF32 && (!is_integer(x.dtype) || dtype_bits(x.dtype) < 8)) return unsupported(node.op + " of " + x.text() + ": f32 and whole-byte integers run; cast first");
  VERGE_TRY(const int axis, axis_of(node.integer("axis"), x.rank()));
  const exec::CumulateAttrs attrs{axis, node.op == "cum_prod", node.integer("exclusive") != 0, node.integer("reverse") != 0};
  emitter.emit(exec::Op::cumulate, {emitter.tensor(node.input(0))}, {emitter.tensor(node.output())}, attrs, {}, 0);
  return done();
}

constexpr OpMethods kMethods{.infer = infer, .cost = cost, .reference = reference, .lower = lower};

}  // namespace

VERGE_OP_METHODS(cum_sum) = kMethods;
VERGE_OP_METHODS(cum_prod) = kMethods;

}  // namespace verge::ops
