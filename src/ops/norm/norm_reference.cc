#include <cmath>

#include "ops/norm/norm.h"
#include "ops/quantized.h"

namespace verge::ops {
namespace {

// x seen as [outer][along][inner] around one axis.
struct AxisView {
  int64_t outer, along, inner;
  AxisView(const Shape& shape, int axis) : outer(shape.count(0, axis)), along(shape[axis]), inner(shape.count(axis + 1, shape.rank)) {}
  size_t at(int64_t o, int64_t a, int64_t i) const { return static_cast<size_t>((o * along + a) * inner + i); }
};

// Input i, or `count` times `otherwise` where it is absent.
std::vector<double> parameter(const ReferenceContext& c, size_t i, int64_t count, double otherwise) {
  if (i < c.in.size() && c.in[i].dtype() != DataType::kNone) return c.in[i].to_doubles();
  return std::vector<double>(static_cast<size_t>(count), otherwise);
}

struct Statistics {
  double mean = 0, deviation = 1;
};

// Over the elements at the given places; without `centre` about zero.
Statistics statistics_of(const std::vector<double>& x, const std::vector<size_t>& places, double epsilon, bool centre) {
  double sum = 0, squares = 0;
  for (size_t at : places) sum += x[at];
  const double mean = centre ? sum / static_cast<double>(places.size()) : 0;
  for (size_t at : places) squares += (x[at] - mean) * (x[at] - mean);
  return {mean, std::sqrt(squares / static_cast<double>(places.size()) + epsilon)};
}

double epsilon_of(const ReferenceContext& c) { return c.node.real("epsilon", 1e-5); }

}  // namespace

Result<void> reference_batch_norm(ReferenceContext& c) {
  VERGE_TRY(const int axis, norm_axis(c.node, c.in[0].shape().rank));
  const AxisView view(c.in[0].shape(), axis);
  const std::vector<double> x = c.in[0].to_doubles(), scale = c.in[1].to_doubles(), bias = c.in[2].to_doubles(), mean = c.in[3].to_doubles(), var = c.in[4].to_doubles();
  std::vector<double> y(x.size());
  for (int64_t o = 0; o < view.outer; ++o)
    for (int64_t a = 0; a < view.along; ++a)
      for (int64_t i = 0; i < view.inner; ++i) {
        const size_t at = view.at(o, a, i), channel = static_cast<size_t>(a);
        y[at] = (x[at] - mean[channel]) / std::sqrt(var[channel] + epsilon_of(c)) * scale[channel] + bias[channel];
      }
  store(y, c.out[0]);
  return done();
}

Result<void> reference_layer_norm(ReferenceContext& c) {
  VERGE_TRY(const NormShape shape, norm_shape(c.node, c.in[0].shape()));
  const auto n = static_cast<size_t>(shape.channels);
  const std::vector<double> x = c.in[0].to_doubles(), scale = parameter(c, 1, shape.channels, 1), bias = parameter(c, 2, shape.channels, 0);
  std::vector<double> y(x.size());
  std::vector<size_t> places(n);
  for (size_t row = 0; row < x.size(); row += n) {
    for (size_t i = 0; i < n; ++i) places[i] = row + i;
    const Statistics s = statistics_of(x, places, epsilon_of(c), c.node.op == "layer_norm");
    for (size_t i = 0; i < n; ++i) y[row + i] = (x[row + i] - s.mean) / s.deviation * scale[i] + bias[i];
  }
  store(y, c.out[0]);
  return done();
}

Result<void> reference_group_norm(ReferenceContext& c) {
  VERGE_TRY(const int axis, channel_axis(c.node, c.in[0].shape().rank));
  const Shape& shape = c.in[0].shape();
  // Positions before the channels, but for the batch, lie in `outer`: nhwc. Positions behind them in `inner`: nchw.
  const AxisView view(shape, axis);
  const int64_t outer = view.outer / shape[0], groups = c.node.op == "instance_norm" ? view.along : c.node.integer("groups", 1), channels = view.along / groups;
  const std::vector<double> x = c.in[0].to_doubles(), scale = parameter(c, 1, view.along, 1), bias = parameter(c, 2, view.along, 0);
  std::vector<double> y(x.size());
  for (int64_t b = 0; b < shape[0]; ++b)
    for (int64_t g = 0; g < groups; ++g) {
      std::vector<size_t> places;
      for (int64_t o = 0; o < outer; ++o)
        for (int64_t k = 0; k < channels; ++k)
          for (int64_t i = 0; i < view.inner; ++i) places.push_back(view.at(b * outer + o, g * channels + k, i));
      const Statistics s = statistics_of(x, places, epsilon_of(c), true);
      for (size_t at : places) {
        const auto channel = static_cast<size_t>(static_cast<int64_t>(at) / view.inner % view.along);
        y[at] = (x[at] - s.mean) / s.deviation * scale[channel] + bias[channel];
      }
    }
  store(y, c.out[0]);
  return done();
}

Result<void> reference_lrn(ReferenceContext& c) {
  VERGE_TRY(const int axis, channel_axis(c.node, c.in[0].shape().rank));
  const AxisView view(c.in[0].shape(), axis);
  const int64_t size = c.node.integer("size");
  const double alpha = c.node.real("alpha", 1e-4), beta = c.node.real("beta", 0.75), bias = c.node.real("bias", 1);
  const std::vector<double> x = c.in[0].to_doubles();
  std::vector<double> y(x.size());
  for (int64_t o = 0; o < view.outer; ++o)
    for (int64_t i = 0; i < view.inner; ++i)
      for (int64_t a = 0; a < view.along; ++a) {
        double squares = 0;
        for (int64_t k = a - (size - 1) / 2; k <= a + size / 2; ++k)
          if (k >= 0 && k < view.along) squares += x[view.at(o, k, i)] * x[view.at(o, k, i)];
        y[view.at(o, a, i)] = x[view.at(o, a, i)] / std::pow(bias + alpha / static_cast<double>(size) * squares, beta);
      }
  store(y, c.out[0]);
  return done();
}

}  // namespace verge::ops
