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

// The average of stored integers by docs/integer.md. Padding that counts adds the input's zero point.
class IntegerAverage {
 public:
  static Result<IntegerAverage> make(const ReferenceContext& c) {
    IntegerAverage average(c);
    VERGE_TRY(average.mode_, requant_mode(c.node));
    return average;
  }
  int32_t operator()(const Seen& s) const {
    const int64_t n = padded_ ? s.padded : s.inside, sum = static_cast<int64_t>(s.sum) + (n - s.inside) * zero_point(x_);
    if (n == 0) return clamp_(zero_point(y_));
    if (mode_ == RequantMode::kTflm) return clamp_((sum > 0 ? sum + n / 2 : sum - n / 2) / n);
    const float real = static_cast<float>(sum - n * zero_point(x_)) * (scale(x_) / scale(y_) / static_cast<float>(n));
    return clamp_(static_cast<int64_t>(std::nearbyint(std::fmin(std::fmax(real, -65536.0f), 65536.0f))) + zero_point(y_));
  }

 private:
  explicit IntegerAverage(const ReferenceContext& c)
      : x_(c.in[0].quant()), y_(c.out[0].quant()), padded_(c.node.integer("count_include_pad") != 0), clamp_(integer_clamp(c.node, y_, c.out[0].dtype())) {}

  const QuantParams &x_, &y_;
  bool padded_;
  IntegerClamp clamp_;
  RequantMode mode_ = RequantMode::kTflm;
};

Result<void> in_integers(ReferenceContext& c, const Pool& pool) {
  VERGE_CHECK(check_pool_quant(c.node, c.in[0].dtype(), c.in[0].quant(), c.out[0].quant()));
  const std::vector<double> x = c.in[0].to_doubles();
  if (c.node.op == "avg_pool") {
    VERGE_TRY(const IntegerAverage average, IntegerAverage::make(c));
    store(pool.run(x, average), c.out[0]);
    return done();
  }
  const IntegerClamp clamp = integer_clamp(c.node, c.out[0].quant(), c.out[0].dtype());
  store(pool.run(x, [&](const Seen& s) { return clamp(s.inside == 0 ? clamp.min : static_cast<int64_t>(s.max)); }), c.out[0]);
  return done();
}

}  // namespace

Result<void> reference_pool(ReferenceContext& c) {
  VERGE_TRY(const Pool pool, pool_of(c));
  if (is_integer(c.in[0].dtype())) return in_integers(c, pool);
  const bool average = c.node.op == "avg_pool", padded = c.node.integer("count_include_pad") != 0;
  const RealClamp clamp = real_clamp(c.node);
  store(pool.run(c.in[0].to_doubles(), [&](const Seen& s) {
    const int64_t count = padded ? s.padded : s.inside;
    return clamp(!average ? s.max : count == 0 ? 0 : s.sum / static_cast<double>(count));
  }), c.out[0]);
  return done();
}

}  // namespace verge::ops
