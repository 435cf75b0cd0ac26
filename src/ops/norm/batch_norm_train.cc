// batch_norm_train (x, scale, bias, mean, variance) -> y, batch mean, 1 / batch deviation, next mean, next variance
//
//   y = clamp((x - m) / sqrt(v + epsilon) * scale + bias), m and v over all dimensions but the last; next = running + momentum * (batch - running),
//   where the batch's variance divides by n - 1 as PyTorch's does.
//
// batch_norm_gradient (x, dy, scale, bias, batch mean, 1 / batch deviation) -> dx, dscale, dbias, through the clamp.
// Attributes: epsilon, momentum (of the new statistics, 0.1), clamp_min, clamp_max.
#include <cmath>

#include "ops/norm/batch_norm_train_attrs.h"
#include "ops/op.h"
#include "ops/quantized.h"
#include "ops/shape_rules.h"

namespace verge::ops {
namespace {

Result<void> infer(InferContext& c) {
  VERGE_CHECK(need_rank(c.in(0), "input"));
  if (c.in(0).rank() < 2) return invalid("input is " + c.in(0).text() + ", wants rank 2 or more");
  const Dim channels = c.in(0).dims.back();
  const size_t first = c.node.op == "batch_norm_train" ? 1 : 2;
  for (size_t i = first; i < c.node.inputs.size(); ++i)
    if (c.in(i).is_static() && channels.known() && c.in(i).shape().count() != channels.size)
      return invalid("input " + std::to_string(i) + " is " + c.in(i).text() + ", wants " + std::to_string(channels.size) + " numbers");
  infer_same(c);
  for (size_t i = 1; i < c.out.size(); ++i) c.out[i] = TensorType(c.in(0).dtype, std::vector<Dim>{channels});
  return done();
}

Cost cost(const Graph& graph, const Node& node) { return elementwise_cost(graph, node, 8); }

exec::BatchNormTrainAttrs attrs_of(const Node& node) {
  const RealClamp clamp = real_clamp(node);
  return {static_cast<float>(node.real("epsilon", 1e-5)), static_cast<float>(node.real("momentum", 0.1)), static_cast<float>(clamp.min), static_cast<float>(clamp.max)};
}

// dx takes the memory of dy, or of x where others read dy too.
int gradient_in_place(const Graph& graph, const Node& node) { return graph.users(node.input(1)).size() > 1 ? 0 : 1; }

Result<void> lower(const Node& node, Emitter& emitter) {
  const TensorType& x = emitter.graph().type(node.input(0));
  if (x.dtype != DataType::kF32) return unsupported("input " + x.text() + "; f32 is supported");
  const bool forward = node.op == "batch_norm_train";
  std::vector<TensorRef> in, out;
  for (ValueId v : node.inputs) in.push_back(emitter.tensor(v));
  for (ValueId v : node.outputs) out.push_back(emitter.tensor(v));
  const auto channels = static_cast<size_t>(x.shape().back(0));
  const exec::BatchNormSplit split(static_cast<size_t>(x.shape().count()) / channels, channels);
  emitter.emit(forward ? exec::Op::batch_norm_train_f32 : exec::Op::batch_norm_gradient_f32, in, out, attrs_of(node),
               emitter.scratch(split.scratch_floats() * sizeof(float)), forward ? 0 : gradient_in_place(emitter.graph(), node));
  if (!forward) return done();
  emitter.replaces(in[3], out[3]);
  emitter.replaces(in[4], out[4]);
  return done();
}

struct Moments {
  std::vector<double> mean, variance;
  double n;
};

Moments moments_of(const std::vector<double>& x, size_t channels) {
  Moments m{std::vector<double>(channels), std::vector<double>(channels), static_cast<double>(x.size() / channels)};
  for (size_t i = 0; i < x.size(); ++i) m.mean[i % channels] += x[i] / m.n;
  for (size_t i = 0; i < x.size(); ++i) m.variance[i % channels] += (x[i] - m.mean[i % channels]) * (x[i] - m.mean[i % channels]) / m.n;
  return m;
}

Result<void> reference_train(ReferenceContext& c) {
  const exec::BatchNormTrainAttrs attrs = attrs_of(c.node);
  const RealClamp clamp = real_clamp(c.node);
  const std::vector<double> x = c.in[0].to_doubles(), scale = c.in[1].to_doubles(), bias = c.in[2].to_doubles();
  const size_t channels = scale.size();
  const Moments m = moments_of(x, channels);
  std::vector<double> y(x.size()), deviation(channels), mean = c.in[3].to_doubles(), variance = c.in[4].to_doubles();
  for (size_t i = 0; i < channels; ++i) {
    deviation[i] = 1 / std::sqrt(m.variance[i] + double{attrs.epsilon});
    mean[i] += double{attrs.momentum} * (m.mean[i] - mean[i]);
    variance[i] += double{attrs.momentum} * (m.variance[i] * (m.n > 1 ? m.n / (m.n - 1) : 1) - variance[i]);
  }
  for (size_t i = 0; i < x.size(); ++i) y[i] = clamp((x[i] - m.mean[i % channels]) * deviation[i % channels] * scale[i % channels] + bias[i % channels]);
  const std::vector<double>* outputs[] = {&y, &m.mean, &deviation, &mean, &variance};
  for (size_t i = 0; i < c.out.size(); ++i) store(*outputs[i], c.out[i]);
  return done();
}

Result<void> reference_gradient(ReferenceContext& c) {
  const RealClamp clamp = real_clamp(c.node);
  std::vector<double> in[6];
  for (size_t i = 0; i < 6; ++i) in[i] = c.in[i].to_doubles();
  const auto& [x, dy, scale, bias, mean, deviation] = in;
  const size_t channels = scale.size();
  const auto n = static_cast<double>(x.size() / channels);
  std::vector<double> g(x.size()), dx(x.size()), dscale(channels), dbias(channels);
  for (size_t i = 0; i < x.size(); ++i) {
    const size_t ch = i % channels;
    const double normal = (x[i] - mean[ch]) * deviation[ch], z = normal * scale[ch] + bias[ch];
    g[i] = z > clamp.min && z < clamp.max ? dy[i] : 0;
    dscale[ch] += g[i] * normal;
    dbias[ch] += g[i];
  }
  for (size_t i = 0; i < x.size(); ++i) {
    const size_t ch = i % channels;
    dx[i] = scale[ch] * deviation[ch] * (g[i] - dbias[ch] / n - (x[i] - mean[ch]) * deviation[ch] * dscale[ch] / n);
  }
  store(dx, c.out[0]);
  store(dscale, c.out[1]);
  store(dbias, c.out[2]);
  return done();
}

}  // namespace

VERGE_OP_METHODS(batch_norm_train) = {.infer = infer, .cost = cost, .reference = reference_train, .lower = lower};
VERGE_OP_METHODS(batch_norm_gradient) = {.infer = infer, .cost = cost, .reference = reference_gradient, .lower = lower};

}  // namespace verge::ops
