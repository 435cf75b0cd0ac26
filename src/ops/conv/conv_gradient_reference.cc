#include "ops/conv/conv_gradient.h"
#include "ops/quantized.h"

namespace verge::ops {
namespace {

// body(input element, output element, weight) for every product of the forward convolution.
template <typename Body> void for_products(const ConvGeometry& g, const Axes& axes, const Shape& x, const Shape& y, const Body& body) {
  const Strides4 x_at(axes, x), y_at(axes, y);
  const auto in = static_cast<int32_t>(g.group_in()), out = static_cast<int32_t>(g.group_out());
  for (int32_t b = 0; b < g.batch; ++b)
    for (int32_t oy = 0; oy < g.out_h; ++oy)
      for (int32_t ox = 0; ox < g.out_w; ++ox)
        for (int32_t o = 0; o < g.out_c; ++o)
          for (int32_t ky = 0; ky < g.kernel_h; ++ky)
            for (int32_t kx = 0; kx < g.kernel_w; ++kx) {
              const int32_t iy = oy * g.stride_h - g.pad_top + ky * g.dilation_h, ix = ox * g.stride_w - g.pad_left + kx * g.dilation_w;
              if (iy < 0 || iy >= g.in_h || ix < 0 || ix >= g.in_w) continue;
              for (int32_t c = 0; c < in; ++c)
                body(x_at.at(b, iy, ix, o / out * in + c), y_at.at(b, oy, ox, o), static_cast<size_t>(((int64_t{o} * g.kernel_h + ky) * g.kernel_w + kx) * in + c));
            }
}

// Sums of dy over everything but the last dimension.
std::vector<double> last_sums(const std::vector<double>& dy, size_t n) {
  std::vector<double> sums(n);
  for (size_t i = 0; i < dy.size(); ++i) sums[i % n] += dy[i];
  return sums;
}

}  // namespace

Result<void> reference_conv_input_gradient(ReferenceContext& c) {
  VERGE_TRY(const Axes axes, axes_of(c.node));
  VERGE_TRY(const ConvGeometry g, conv_geometry(c.node, c.out[0].shape(), c.in[1].shape(), c.in[0].shape()));
  const std::vector<double> dy = c.in[0].to_doubles(), w = c.in[1].to_doubles();
  std::vector<double> dx(static_cast<size_t>(c.out[0].count()));
  for_products(g, axes, c.out[0].shape(), c.in[0].shape(), [&](size_t x, size_t y, size_t weight) { dx[x] += dy[y] * w[weight]; });
  store(dx, c.out[0]);
  return done();
}

Result<void> reference_conv_weight_gradient(ReferenceContext& c) {
  VERGE_TRY(const Axes axes, axes_of(c.node));
  VERGE_TRY(const ConvGeometry g, conv_geometry(c.node, c.in[0].shape(), c.out[0].shape(), c.in[1].shape()));
  const std::vector<double> x = c.in[0].to_doubles(), dy = c.in[1].to_doubles();
  std::vector<double> dw(static_cast<size_t>(c.out[0].count()));
  for_products(g, axes, c.in[0].shape(), c.in[1].shape(), [&](size_t in, size_t out, size_t weight) { dw[weight] += dy[out] * x[in]; });
  store(dw, c.out[0]);
  store(last_sums(dy, static_cast<size_t>(g.out_c)), c.out[1]);
  return done();
}

Result<void> reference_dense_weight_gradient(ReferenceContext& c) {
  const std::vector<double> x = c.in[0].to_doubles(), dy = c.in[1].to_doubles();
  const size_t n = static_cast<size_t>(c.out[0].shape()[0]), k = static_cast<size_t>(c.out[0].shape()[1]);
  std::vector<double> dw(n * k);
  for (size_t row = 0; row * k < x.size(); ++row)
    for (size_t j = 0; j < n; ++j)
      for (size_t i = 0; i < k; ++i) dw[j * k + i] += dy[row * n + j] * x[row * k + i];
  store(dw, c.out[0]);
  store(last_sums(dy, n), c.out[1]);
  return done();
}

}  // namespace verge::ops
