#include "ops/conv/conv.h"
#include "ops/quantized.h"

namespace verge::ops {
namespace {

// Sums of products of one output element, by plain loops. T is double, or int64_t for integers less their zero points.
template <typename T> struct Products {
  ConvGeometry g;
  Strides4 x_at;
  const std::vector<T>& x;
  const std::vector<T>& w;  // [out, kh, kw, in / groups]

  T operator()(int32_t b, int32_t oy, int32_t ox, int32_t o) const {
    const int32_t in = g.in_c / g.groups, first = o / (g.out_c / g.groups) * in;
    T sum = 0;
    for (int32_t ky = 0; ky < g.kernel_h; ++ky)
      for (int32_t kx = 0; kx < g.kernel_w; ++kx) {
        const int32_t iy = oy * g.stride_h - g.pad_top + ky * g.dilation_h, ix = ox * g.stride_w - g.pad_left + kx * g.dilation_w;
        if (iy < 0 || iy >= g.in_h || ix < 0 || ix >= g.in_w) continue;
        const T* weights = &w[static_cast<size_t>((int64_t{o} * g.kernel_h + ky) * g.kernel_w + kx) * static_cast<size_t>(in)];
        for (int32_t c = 0; c < in; ++c) sum += x[x_at.at(b, iy, ix, first + c)] * weights[c];
      }
    return sum;
  }
};

// y[...] = finish(sum, channel, where) for every output element.
template <typename T, typename Finish> std::vector<double> convolve(const Products<T>& products, const Strides4& y_at, Finish&& finish) {
  const ConvGeometry& g = products.g;
  std::vector<double> y(g.out_pixels() * static_cast<size_t>(g.out_c));
  for (int32_t b = 0; b < g.batch; ++b)
    for (int32_t oy = 0; oy < g.out_h; ++oy)
      for (int32_t ox = 0; ox < g.out_w; ++ox)
        for (int32_t o = 0; o < g.out_c; ++o) {
          const size_t at = y_at.at(b, oy, ox, o);
          y[at] = finish(products(b, oy, ox, o), static_cast<size_t>(o), at);
        }
  return y;
}

struct Places {
  ConvGeometry geometry;
  Strides4 x, y;
};

Result<Places> places_of(const ReferenceContext& c) {
  VERGE_TRY(const Axes axes, axes_of(c.node));
  VERGE_TRY(const ConvGeometry geometry, conv_geometry(c.node, c.in[0].shape(), c.in[1].shape(), c.out[0].shape()));
  return Places{geometry, Strides4(axes, c.in[0].shape()), Strides4(axes, c.out[0].shape())};
}

Result<void> in_reals(ReferenceContext& c, const Places& at) {
  const bool biased = c.in.size() > 2 && c.in[2].dtype() != DataType::kNone, added = c.in.size() > 3 && c.in[3].dtype() != DataType::kNone;
  const std::vector<double> x = c.in[0].to_doubles(), w = c.in[1].to_doubles();
  const std::vector<double> bias = biased ? c.in[2].to_doubles() : std::vector<double>(), residual = added ? c.in[3].to_doubles() : std::vector<double>();
  const RealClamp clamp = real_clamp(c.node);
  const Products<double> products{at.geometry, at.x, x, w};
  store(convolve(products, at.y, [&](double sum, size_t o, size_t i) { return clamp(sum + (biased ? bias[o] : 0) + (added ? residual[i] : 0)); }), c.out[0]);
  return done();
}

Result<void> in_integers(ReferenceContext& c, const Places& at) {
  if (c.in.size() > 3 && c.in[3].dtype() != DataType::kNone) return unsupported("a quantised convolution has no residual");
  const bool biased = c.in.size() > 2 && c.in[2].dtype() != DataType::kNone;
  const std::vector<int64_t> x = centred(c.in[0]), w = centred(c.in[1]), bias = biased ? c.in[2].to_ints() : std::vector<int64_t>();
  const ScaleProduct rule = conv_scale_product(c.in[0].dtype());
  VERGE_TRY(ChannelRequant requant, channel_requant(c.node, c.in[0].quant(), c.in[1].quant(), c.out[0].quant(), c.out[0].dtype(),
                                                          static_cast<size_t>(at.geometry.out_c), rule));
  requant.wide = is_wide_sum(c.in[0].dtype(), biased ? c.in[2].dtype() : DataType::kNone);
  const Products<int64_t> products{at.geometry, at.x, x, w};
  store(convolve(products, at.y, [&](int64_t sum, size_t o, size_t) { return requant(sum + (biased ? bias[o] : 0), o); }), c.out[0]);
  return done();
}

}  // namespace

Result<void> reference_conv(ReferenceContext& c) {
  VERGE_TRY(const Places at, places_of(c));
  return is_quantized(c) ? in_integers(c, at) : in_reals(c, at);
}

}  // namespace verge::ops
