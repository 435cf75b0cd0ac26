#include "ops/conv/conv.h"

#include "core/text.h"
#include "ops/traffic.h"

namespace verge::ops {
namespace {

Result<void> check_ranks(const TensorType& x, const TensorType& w) {
  if (x.ranked && x.rank() != 4) return invalid("input 0 is " + x.text() + ", wants rank 4 (one spatial dimension is written with height 1)");
  if (w.ranked && w.rank() != 4) return invalid("weights are " + w.text() + ", want rank 4: [out, kernel height, kernel width, in / groups]");
  return done();
}

Result<void> check_channels(const Node& node, const Dim& in, const TensorType& w) {
  const int64_t groups = node.integer("groups", 1), out = w.dims[0].size, group_in = w.dims[3].size;
  if (groups < 1 || (out >= 0 && out % groups != 0)) return invalid("groups is " + std::to_string(groups) + ", wants a divisor of " + std::to_string(out) + " outputs");
  if (in.known() && group_in >= 0 && in.size != group_in * groups)
    return invalid("input 0 has " + std::to_string(in.size) + " channels, weights " + w.text() + " in " + std::to_string(groups) + " group(s) want " +
                   std::to_string(group_in * groups));
  return done();
}

Result<void> check_bias(const InferContext& c, const Dim& out) {
  if (!c.has(2) || !c.in(2).is_static() || !out.known()) return done();
  if (c.in(2).shape().count() != out.size) return invalid("bias is " + c.in(2).text() + ", wants " + std::to_string(out.size) + " numbers");
  return done();
}

Result<void> infer(InferContext& c) {
  const TensorType &x = c.in(0), &w = c.in(1);
  TensorType& y = c.out[0];
  if (!x.quantized() || y.dtype == DataType::kNone) y.dtype = x.dtype;
  VERGE_TRY(const Axes axes, axes_of(c.node));
  VERGE_CHECK(check_ranks(x, w));
  if (!x.ranked || !w.ranked) return done();
  VERGE_CHECK(check_channels(c.node, x.dims[axes.c], w));
  VERGE_CHECK(check_bias(c, w.dims[0]));
  if (!w.dims[1].known() || !w.dims[2].known()) return done();
  VERGE_TRY(const Window window, window_of(c.node, w.dims[1].size, w.dims[2].size));
  VERGE_TRY(y.dims, window_dims(window, axes, x.dims, w.dims[0]));
  y.ranked = true;
  if (c.has(3) && c.in(3).is_static() && y.is_static() && c.in(3).shape() != y.shape()) return invalid("residual is " + c.in(3).text() + ", wants " + y.text());
  return done();
}

Cost cost(const Graph& graph, const Node& node) {
  const TensorType &w = graph.type(node.input(1)), &y = graph.type(node.output());
  if (!w.is_static() || !y.is_static()) return {};
  Cost cost = traffic(graph, node);
  cost.macs = y.shape().count() * w.shape().count(1, 4);
  cost.operations = y.shape().count() * (node.input(3).valid() ? 2 : 1);
  return cost;
}

QuantRule quant(const Graph&, const Node& node) {
  if (node.input(3).valid()) return {};
  return {.kind = QuantRule::Kind::kCompute, .weight_input = 1, .weight_axis = 0, .bias_input = 2};
}

}  // namespace

Result<ConvGeometry> conv_geometry(const Node& node, const Shape& x, const Shape& w, const Shape& y) {
  VERGE_TRY(const Axes axes, axes_of(node));
  VERGE_TRY(const Window window, window_of(node, w[1], w[2]));
  return geometry_of(window, axes, x, y, static_cast<int32_t>(node.integer("groups", 1)));
}

VERGE_OP_METHODS(conv) = {.infer = infer, .cost = cost, .reference = reference_conv, .quant = quant, .lower = lower_conv};

}  // namespace verge::ops
