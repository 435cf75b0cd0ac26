#include "ops/conv_transpose/conv_transpose.h"
#include "ops/quantized.h"
#include "ops/spatial.h"

namespace verge::ops {
namespace {

struct Sizes {
  std::array<TransposedAxis, 2> window;
  Axes axes;
  Shape x, w, y;
  int64_t groups;
};

// What every input adds to the outputs, by plain loops. T is double, or int64_t for integers less their zero points.
template <typename T> std::vector<T> scattered(const Sizes& s, const std::vector<T>& x, const std::vector<T>& w) {
  const Strides4 x_at(s.axes, s.x), y_at(s.axes, s.y);
  const auto &[h, v] = s.window;
  const int64_t in = s.w[3], out = s.w[0] / s.groups;
  std::vector<T> y(static_cast<size_t>(s.y.count()));
  for (int64_t b = 0; b < s.x[s.axes.n]; ++b)
    for (int64_t iy = 0; iy < s.x[s.axes.h]; ++iy)
      for (int64_t ix = 0; ix < s.x[s.axes.w]; ++ix)
        for (int64_t ky = 0; ky < h.kernel; ++ky)
          for (int64_t kx = 0; kx < v.kernel; ++kx) {
            const int64_t oy = iy * h.stride + ky * h.dilation - h.begin, ox = ix * v.stride + kx * v.dilation - v.begin;
            if (oy < 0 || oy >= s.y[s.axes.h] || ox < 0 || ox >= s.y[s.axes.w]) continue;
            for (int64_t o = 0; o < s.w[0]; ++o)
              for (int64_t c = 0; c < in; ++c) y[y_at.at(b, oy, ox, o)] += x[x_at.at(b, iy, ix, o / out * in + c)] * w[static_cast<size_t>(((o * h.kernel + ky) * v.kernel + kx) * in + c)];
          }
  return y;
}

// The channel of element `i` of y.
size_t channel_of(const Sizes& s, int64_t i) { return static_cast<size_t>(i / s.y.count(s.axes.c + 1, 4) % s.y[s.axes.c]); }

bool has_bias(const ReferenceContext& c) { return c.in.size() > 2 && c.in[2].dtype() != DataType::kNone; }

void in_reals(ReferenceContext& c, const Sizes& s) {
  const std::vector<double> bias = has_bias(c) ? c.in[2].to_doubles() : std::vector<double>(static_cast<size_t>(s.w[0]));
  std::vector<double> y = scattered(s, c.in[0].to_doubles(), c.in[1].to_doubles());
  const RealClamp clamp = real_clamp(c.node);
  for (size_t i = 0; i < y.size(); ++i) y[i] = clamp(y[i] + bias[channel_of(s, static_cast<int64_t>(i))]);
  store(y, c.out[0]);
}

Result<void> in_integers(ReferenceContext& c, const Sizes& s) {
  const std::vector<int64_t> bias = has_bias(c) ? c.in[2].to_ints() : std::vector<int64_t>(static_cast<size_t>(s.w[0])), sums = scattered(s, centred(c.in[0]), centred(c.in[1]));
  VERGE_TRY(const ChannelRequant requant, channel_requant(c.node, c.in[0].quant(), c.in[1].quant(), c.out[0].quant(), c.out[0].dtype(), static_cast<size_t>(s.w[0]),
                                                          conv_scale_product(c.in[0].dtype())));
  std::vector<double> y;
  for (size_t i = 0; i < sums.size(); ++i) {
    const size_t o = channel_of(s, static_cast<int64_t>(i));
    y.push_back(requant(sums[i] + bias[o], o));
  }
  store(y, c.out[0]);
  return done();
}

}  // namespace

Result<void> reference_conv_transpose(ReferenceContext& c) {
  VERGE_TRY(const Axes axes, axes_of(c.node));
  VERGE_TRY(const auto window, transposed_axes(c.node, TensorType(c.in[1].dtype(), c.in[1].shape())));
  const Sizes sizes{window, axes, c.in[0].shape(), c.in[1].shape(), c.out[0].shape(), c.node.integer("groups", 1)};
  if (is_quantized(c)) return in_integers(c, sizes);
  in_reals(c, sizes);
  return done();
}

}  // namespace verge::ops
