// Normalisations and softmax.
#include <algorithm>
#include <limits>

#include "formats/onnx/reshaping.h"
#include "formats/onnx/shorthand.h"
#include "formats/onnx/table.h"

namespace verge::formats::onnx {
namespace {

// By the mean and variance of the data at hand, which also move the running ones.
Result<void> batch_norm_in_training(NodeContext& c) {
  VERGE_TRY(const int rank, c.rank());
  std::vector<int64_t> axes, column(static_cast<size_t>(std::max(rank, 2)) - 1, 1);
  for (int i = 0; i < rank; ++i)
    if (i != 1) axes.push_back(i);
  column[0] = -1;
  const ValueId mean = reduced(c, "reduce_mean", c.in(0), axes, true), centred = c.add("sub", {c.in(0), mean});
  const ValueId variance = reduced(c, "reduce_mean", c.add("square", {centred}), axes, true);
  const ValueId factor = c.add("rsqrt", {c.add("add", {variance, c.scalar(c.real("epsilon", 1e-5), variance)})});
  const ValueId scaled = c.add("mul", {c.add("mul", {centred, factor}), shaped(c, c.in(1), column)});
  const double momentum = c.real("momentum", 0.9);
  const auto moved = [&](size_t running, ValueId now) {
    return c.add("add", {c.add("mul", {c.in(running), c.scalar(momentum, now)}), c.add("mul", {shaped(c, now, {-1}), c.scalar(1 - momentum, now)})});
  };
  if (c.wants(1)) VERGE_CHECK(c.finish(moved(3, mean), 1));
  if (c.wants(2)) VERGE_CHECK(c.finish(moved(4, variance), 2));
  return c.finish(c.add("add", {scaled, shaped(c, c.in(2), column)}));
}

Result<void> batch_norm(NodeContext& c) {
  if (c.integer("training_mode", 0)) return batch_norm_in_training(c);
  if (c.opset() < 7 && !c.integer("is_test", 0)) return c.refuse("it is in training mode", "export the model in evaluation mode (model.eval())");
  if (!c.integer("spatial", 1)) return c.refuse("it normalises each position apart (spatial = 0)");
  std::vector<ValueId> inputs = {c.in(0)};
  for (size_t i = 1; i < c.input_count(); ++i) {
    VERGE_TRY(const ValueId fixed, c.fixed(i, "scale, bias, mean or variance"));
    inputs.push_back(fixed);
  }
  return c.finish(c.add("batch_norm", inputs, {{"axis", int64_t{1}}, {"epsilon", c.real("epsilon", 1e-5)}}));
}

// The optional outputs: mean and 1 / sqrt(variance + epsilon) over the normalised dimensions.
Result<void> statistics(NodeContext& c, int axis, int rank) {
  std::vector<int64_t> axes;
  for (int i = axis; i < rank; ++i) axes.push_back(i);
  const Attrs over = {{"axes", axes}, {"keepdims", int64_t{1}}};
  const ValueId mean = c.add("reduce_mean", {c.in(0)}, over);
  const ValueId variance = c.add("reduce_mean", {c.add("square", {c.add("sub", {c.in(0), mean})})}, over);
  VERGE_CHECK(c.finish(mean, 1));
  return c.finish(c.add("rsqrt", {c.add("add", {variance, c.scalar(c.real("epsilon", 1e-5), variance)})}), 2);
}

Result<void> layer_norm(NodeContext& c) {
  VERGE_TRY(const int rank, c.rank());
  VERGE_TRY(const int axis, c.axis(c.integer("axis", -1), rank));
  if (c.wants(1) || c.wants(2)) VERGE_CHECK(statistics(c, axis, rank));
  return c.finish(c.add(c.core(), c.inputs(), {{"axis", int64_t{axis}}, {"epsilon", c.real("epsilon", 1e-5)}}));
}

Result<void> instance_norm(NodeContext& c) { return c.finish(c.add("instance_norm", c.inputs(), {{"epsilon", c.real("epsilon", 1e-5)}})); }

// Below opset 21 scale and bias have one element a group; the core operator wants one a channel.
Result<ValueId> for_each_channel(NodeContext& c, size_t i, int64_t groups) {
  const Dim channels = c.type(size_t{0}).rank() > 1 ? c.type(size_t{0}).dims[1] : Dim();
  const Tensor* t = c.constant(i);
  if (c.opset() >= 21 || groups <= 0 || !channels.known() || channels.size == groups) return c.in(i);
  if (!t || t->count() != groups || channels.size % groups != 0) return c.refuse("its scale or bias of one number a group is not constant");
  const ValueId column = c.add("reshape", {c.in(i)}, {{"shape", std::vector<int64_t>{groups, 1}}});
  const ValueId rows = c.add("expand", {column}, {{"shape", std::vector<int64_t>{groups, channels.size / groups}}});
  return c.add("reshape", {rows}, {{"shape", std::vector<int64_t>{-1}}});
}

Result<void> group_norm(NodeContext& c) {
  const int64_t groups = c.integer("num_groups", 0);
  VERGE_TRY(const ValueId scale, for_each_channel(c, 1, groups));
  VERGE_TRY(const ValueId bias, for_each_channel(c, 2, groups));
  return c.finish(c.add("group_norm", {c.in(0), scale, bias}, {{"groups", groups}, {"epsilon", c.real("epsilon", 1e-5)}}));
}

Result<void> lrn(NodeContext& c) {
  const int64_t size = c.integer("size", 0);
  return c.finish(c.add("lrn", {c.in(0)}, {{"size", size}, {"alpha", c.real("alpha", 1e-4)}, {"beta", c.real("beta", 0.75)}, {"bias", c.real("bias", 1)}}));
}

// x / |x|_p along one axis; 0 where the norm is
Result<void> lp_normalization(NodeContext& c) {
  const int64_t p = c.integer("p", 2);
  if (p != 1 && p != 2) return c.refuse("p = " + std::to_string(p) + " is not supported; 1 and 2 are");
  VERGE_TRY(const int rank, c.rank());
  VERGE_TRY(const int axis, c.axis(c.integer("axis", -1), rank));
  const ValueId norm = c.add(p == 1 ? "reduce_l1" : "reduce_l2", {c.in(0)}, {{"axes", std::vector<int64_t>{axis}}, {"keepdims", int64_t{1}}});
  return c.finish(c.add("div", {c.in(0), c.add("maximum", {norm, c.scalar(std::numeric_limits<float>::min(), norm)})}));
}

// (x - mean) / (standard deviation + 1e-9) over `axes`
Result<void> mean_variance(NodeContext& c) {
  const Attrs over = {{"axes", c.integers("axes", {0, 2, 3})}, {"keepdims", int64_t{1}}};
  const ValueId centred = c.add("sub", {c.in(0), c.add("reduce_mean", {c.in(0)}, over)});
  const ValueId deviation = c.add("sqrt", {c.add("reduce_mean", {c.add("square", {centred})}, over)});
  return c.finish(c.add("div", {centred, c.add("add", {deviation, c.scalar(1e-9, centred)})}));
}

Result<void> softmax(NodeContext& c) {
  VERGE_TRY(const int rank, c.rank());
  VERGE_TRY(const int axis, c.axis(c.integer("axis", -1), rank));
  return c.finish(c.add(c.core(), {c.in(0)}, {{"axis", int64_t{axis}}}));
}

// Below opset 13 all dimensions from `axis` on are one: softmax over [a, b] where x has a*b elements.
Result<void> flat_softmax(NodeContext& c) {
  VERGE_TRY(const int rank, c.rank());
  VERGE_TRY(const int axis, c.axis(c.integer("axis", 1), std::max(rank, 1)));
  const std::vector<Dim>& dims = c.type(size_t{0}).dims;
  const auto is_one = [](const Dim& d) { return d == Dim(1); };
  if (rank == 0 || std::all_of(dims.begin() + axis + 1, dims.end(), is_one)) return c.finish(c.add(c.core(), {c.in(0)}, {{"axis", int64_t{axis}}}));
  VERGE_TRY(const ValueId flat, flattened(c, c.in(0), axis));
  const ValueId y = c.add(c.core(), {flat}, {{"axis", int64_t{1}}});
  VERGE_TRY(const ValueId back, unflattened(c, y, c.in(0), axis));
  return c.finish(back);
}

constexpr Row kRows[] = {
    {"BatchNormalization", 1, kNewest, batch_norm},
    {"GroupNormalization", 18, kNewest, group_norm},
    {"InstanceNormalization", 1, kNewest, instance_norm},
    {"LayerNormalization", 1, kNewest, layer_norm, "layer_norm"},  // defined since 17; ONNX Runtime writes it into older files
    {"LRN", 1, kNewest, lrn},
    {"LogSoftmax", 1, 12, flat_softmax, "log_softmax"},
    {"LogSoftmax", 13, kNewest, softmax, "log_softmax"},
    {"LpNormalization", 1, kNewest, lp_normalization},
    {"MeanVarianceNormalization", 9, kNewest, mean_variance},
    {"RMSNormalization", 23, kNewest, layer_norm, "rms_norm"},
    {"SimplifiedLayerNormalization", 1, kNewest, layer_norm, "rms_norm"},  // ONNX Runtime's, in the default domain
    {"Softmax", 1, 12, flat_softmax, "softmax"},
    {"Softmax", 13, kNewest, softmax, "softmax"},
};

}  // namespace

std::span<const Row> normalisation_rows() { return kRows; }

}  // namespace verge::formats::onnx
