#include "ops/norm/norm.h"

#include "ops/shape_rules.h"
#include "ops/traffic.h"

namespace verge::ops {
namespace {

// A constant-shaped parameter holds one number for each of `size`.
Result<void> check_parameter(const InferContext& c, size_t i, const Dim& size) {
  if (!c.has(i) || !c.in(i).is_static() || !size.known() || c.in(i).shape().count() == size.size) return done();
  return invalid("input " + std::to_string(i) + " is " + c.in(i).text() + ", wants " + std::to_string(size.size) + " numbers");
}

Result<void> check_parameters(const InferContext& c, const Dim& size) {
  for (size_t i = 1; i < c.node.inputs.size(); ++i) VERGE_CHECK(check_parameter(c, i, size));
  return done();
}

Result<void> infer_batch_norm(InferContext& c) {
  if (c.in(0).ranked) {
    VERGE_TRY(const int axis, norm_axis(c.node, c.in(0).rank()));
    VERGE_CHECK(check_parameters(c, c.in(0).dims[axis]));
  }
  infer_same(c);
  return done();
}

Result<void> infer_layer_norm(InferContext& c) {
  if (c.in(0).ranked) {
    VERGE_TRY(const int axis, norm_axis(c.node, c.in(0).rank()));
    Dim size(1);
    for (int i = axis; i < c.in(0).rank(); ++i) size = size.known() && c.in(0).dims[i].known() ? Dim(size.size * c.in(0).dims[i].size) : Dim();
    VERGE_CHECK(check_parameters(c, size));
  }
  infer_same(c);
  return done();
}

Result<void> infer_group_norm(InferContext& c) {
  if (c.in(0).ranked) {
    VERGE_TRY(const int axis, channel_axis(c.node, c.in(0).rank()));
    const Dim& channels = c.in(0).dims[axis];
    const int64_t groups = c.node.integer("groups", 1);
    if (groups < 1 || (channels.known() && channels.size % groups != 0))
      return invalid("groups is " + std::to_string(groups) + ", wants a divisor of " + std::to_string(channels.size) + " channels");
    VERGE_CHECK(check_parameters(c, channels));
  }
  infer_same(c);
  return done();
}

Result<void> infer_lrn(InferContext& c) {
  if (c.in(0).ranked) VERGE_CHECK(channel_axis(c.node, c.in(0).rank()));
  if (c.node.integer("size") < 1) return invalid("size is " + std::to_string(c.node.integer("size")) + ", wants 1 or more");
  infer_same(c);
  return done();
}

Cost cost(const Graph& graph, const Node& node) {
  const TensorType& y = graph.type(node.output());
  if (!y.is_static()) return {};
  Cost cost = traffic(graph, node);
  cost.operations = y.shape().count() * (node.op == "batch_norm" ? 2 : node.op == "lrn" ? node.integer("size") + 2 : 7);
  return cost;
}

}  // namespace

Result<int> norm_axis(const Node& node, int rank) {
  return axis_of(node.integer("axis", node.op == "batch_norm" ? 1 : -1), rank);
}

Result<int> channel_axis(const Node& node, int rank) {
  const std::string layout = node.text("layout", "nchw");
  if (layout != "nchw" && layout != "nhwc") return invalid("layout '" + layout + "' wants nchw or nhwc");
  if (rank < 2) return invalid("input 0 of rank " + std::to_string(rank) + " has no channels; wants rank 2 or more");
  return layout == "nchw" ? 1 : rank - 1;
}

Result<NormShape> norm_shape(const Node& node, const Shape& x) {
  if (node.op == "layer_norm" || node.op == "rms_norm") {
    VERGE_TRY(const int axis, norm_axis(node, x.rank));
    return NormShape{x.count(0, axis), 1, 1, x.count(axis, x.rank)};
  }
  const int64_t channels = x.back(0), groups = node.op == "instance_norm" ? channels : node.integer("groups", 1);
  if (groups < 1 || channels % groups != 0) return invalid("groups is " + std::to_string(groups) + ", wants a divisor of " + std::to_string(channels) + " channels");
  return NormShape{x[0], x.count(1, x.rank - 1), groups, channels / groups};
}

VERGE_OP_METHODS(batch_norm) = {.infer = infer_batch_norm, .cost = cost, .reference = reference_batch_norm, .lower = lower_batch_norm};
VERGE_OP_METHODS(layer_norm) = {.infer = infer_layer_norm, .cost = cost, .reference = reference_layer_norm, .lower = lower_norm};
VERGE_OP_METHODS(rms_norm) = {.infer = infer_layer_norm, .cost = cost, .reference = reference_layer_norm, .lower = lower_norm};
VERGE_OP_METHODS(instance_norm) = {.infer = infer_group_norm, .cost = cost, .reference = reference_group_norm, .lower = lower_norm};
VERGE_OP_METHODS(group_norm) = {.infer = infer_group_norm, .cost = cost, .reference = reference_group_norm, .lower = lower_norm};
VERGE_OP_METHODS(lrn) = {.infer = infer_lrn, .cost = cost, .reference = reference_lrn, .lower = lower_lrn};

}  // namespace verge::ops
