#include <algorithm>
#include <cmath>

#include "ops/pool/pool.h"
#include "ops/quantized.h"

namespace verge::ops {
namespace {

// What a window sees of one channel.
struct Seen {
  double sum = 0, max = -std::numeric_limits<double>::infinity();
  int64_t inside = 0, padded = 0;
};

struct Pool {
  ConvGeometry g;
  int32_t pad_bottom, pad_right;
  Strides4 x_at, y_at;

  Seen look(const std::vector<double>& x, int32_t b, int32_t oy, int32_t ox, int32_t c) const {
    Seen seen;
    for (int32_t ky = 0; ky < g.kernel_h; ++ky)
      for (int32_t kx = 0; kx < g.kernel_w; ++kx) {
        const int32_t iy = oy * g.stride_h - g.pad_top + ky * g.dilation_h, ix = ox * g.stride_w - g.pad_left + kx * g.dilation_w;
        seen.padded += iy < g.in_h + pad_bottom && ix < g.in_w + pad_right;
        if (iy < 0 || iy >= g.in_h || ix < 0 || ix >= g.in_w) continue;
        const double value = x[x_at.at(b, iy, ix, c)];
        ++seen.inside;
        seen.sum += value;
        seen.max = std::max(seen.max, value);
      }
    return seen;
  }

  // y = finish(what the window sees) for every output element.
  template <typename Finish> std::vector<double> run(const std::vector<double>& x, Finish&& finish) const {
    std::vector<double> y(g.out_pixels() * static_cast<size_t>(g.out_c));
    for (int32_t b = 0; b < g.batch; ++b)
      for (int32_t oy = 0; oy < g.out_h; ++oy)
        for (int32_t ox = 0; ox < g.out_w; ++ox)
          for (int32_t c = 0; c < g.out_c; ++c) y[y_at.at(b, oy, ox, c)] = finish(look(x, b, oy, ox, c));
    return y;
  }
};

Result<Pool> pool_of(const ReferenceContext& c) {
  VERGE_TRY(const Axes axes, axes_of(c.node));
  VERGE_TRY(const Window window, pool_window(c.node));
  const Shape &x = c.in[0].shape(), &y = c.out[0].shape();
  return Pool{geometry_of(window, axes, x, y, 1), window.h.end, window.w.end, Strides4(axes, x), Strides4(axes, y)};
}

// Halves away from zero: both divide whole numbers as TensorFlow Lite's kernels do.
int64_t rounded_ratio(int64_t sum, int64_t count) { return count == 0 ? 0 : (sum > 0 ? sum + count / 2 : sum - count / 2) / count; }

}  // namespace

Result<void> reference_pool(ReferenceContext& c) {
  VERGE_TRY(const Pool pool, pool_of(c));
  const std::vector<double> x = c.in[0].to_doubles();
  const bool average = c.node.op == "avg_pool", padded = c.node.integer("count_include_pad") != 0;
  if (is_integer(c.in[0].dtype())) {
    if (average && !is_quantized(c)) return unsupported("the average of integers that are not quantised");
    if (c.in[0].quant() != c.out[0].quant()) return unsupported("a quantised pool whose output has another scale or zero point than its input; requantize after it");
    const IntegerClamp clamp = integer_clamp(c.node, c.out[0].quant(), c.out[0].dtype());
    store(pool.run(x, [&](const Seen& s) { return clamp(average ? rounded_ratio(static_cast<int64_t>(s.sum), padded ? s.padded : s.inside) : static_cast<int64_t>(std::max(s.max, -1e9))); }), c.out[0]);
    return done();
  }
  const RealClamp clamp = real_clamp(c.node);
  store(pool.run(x, [&](const Seen& s) {
    const int64_t count = padded ? s.padded : s.inside;
    return clamp(!average ? s.max : count == 0 ? 0 : s.sum / static_cast<double>(count));
  }), c.out[0]);
  return done();
}

}  // namespace verge::ops
