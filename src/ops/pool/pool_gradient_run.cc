#include <cstring>

#include "exec/checks.h"
#include "exec/op_codes.h"
#include "kernels/pool/pool_f32.h"
#include "kernels/training/training_f32.h"
#include "ops/pool/pool_attrs.h"

namespace verge::exec {
namespace {

constexpr int32_t kMostTaps = 1024;  // of a maximum

struct Pool {
  ConvGeometry g;
  const PoolAttrs& a;
  const float *x, *dy;  // of one picture; x for a maximum only
  float* dx;

  // body(pixel of the input) for every tap of output pixel (oy, ox) that lies inside.
  template <typename Body> void for_taps(int32_t oy, int32_t ox, const Body& body) const {
    for (int32_t ky = 0; ky < g.kernel_h; ++ky)
      for (int32_t kx = 0; kx < g.kernel_w; ++kx) {
        const int32_t iy = oy * g.stride_h - g.pad_top + ky * g.dilation_h, ix = ox * g.stride_w - g.pad_left + kx * g.dilation_w;
        if (iy >= 0 && iy < g.in_h && ix >= 0 && ix < g.in_w) body((static_cast<size_t>(iy) * static_cast<size_t>(g.in_w) + static_cast<size_t>(ix)) * static_cast<size_t>(g.in_c));
      }
  }

  int32_t counted(int32_t at, int32_t stride, int32_t kernel, int32_t dilation, int32_t pad, int32_t end) const {
    int32_t n = 0;
    for (int32_t k = 0; k < kernel; ++k) n += at * stride + k * dilation < end + pad;
    return n;
  }

  // What an average divides by.
  float count(int32_t oy, int32_t ox) const {
    if (a.count == static_cast<int32_t>(PoolCount::kPadded))
      return static_cast<float>(counted(oy, g.stride_h, g.kernel_h, g.dilation_h, g.pad_top, g.in_h + a.pad_bottom)) *
             static_cast<float>(counted(ox, g.stride_w, g.kernel_w, g.dilation_w, g.pad_left, g.in_w + a.pad_right));
    int32_t n = 0;
    for_taps(oy, ox, [&](size_t) { ++n; });
    return static_cast<float>(n);
  }

  void average(int32_t oy, int32_t ox, const float* from) const {
    const float share = 1 / count(oy, ox);
    for_taps(oy, ox, [&](size_t pixel) {
      float* to = dx + pixel;
      for (int32_t c = 0; c < g.in_c; ++c) to[c] += from[c] * share;
    });
  }

  bool inside(int32_t o, int32_t stride, int32_t pad, int32_t reach, int32_t size) const { return o * stride - pad >= 0 && o * stride - pad + reach <= size; }
  bool whole(int32_t oy, int32_t ox) const {
    return inside(oy, g.stride_h, g.pad_top, (g.kernel_h - 1) * g.dilation_h + 1, g.in_h) && inside(ox, g.stride_w, g.pad_left, (g.kernel_w - 1) * g.dilation_w + 1, g.in_w);
  }
  bool shared() const { return g.kernel_h > g.stride_h || g.kernel_w > g.stride_w || g.dilation_h > 1 || g.dilation_w > 1; }

  // `pixels` windows from (oy, ox) on, all with the taps of the first. The first of equal maxima takes all.
  void maximum(int32_t oy, int32_t ox, size_t pixels, const float* from) const {
    size_t offsets[kMostTaps], taps = 0;
    for_taps(oy, ox, [&](size_t pixel) { offsets[taps++] = pixel; });
    if (taps == 0) return;
    pick_training_f32().max_pool_gradient({.pixels = pixels, .channels = static_cast<size_t>(g.in_c), .taps = taps, .offsets = offsets, .x = x, .dy = from, .dx = dx,
                                           .step = static_cast<size_t>(g.stride_w) * static_cast<size_t>(g.in_c), .shared = shared()});
  }

  int32_t run_of(int32_t oy, int32_t ox) const {
    int32_t n = 1;
    while (whole(oy, ox) && ox + n < g.out_w && whole(oy, ox + n)) ++n;
    return n;
  }

  void run() const {
    const auto all = static_cast<size_t>(g.in_c);
    std::memset(dx, 0, static_cast<size_t>(g.in_h) * static_cast<size_t>(g.in_w) * all * sizeof(float));
    const bool average_of = a.kind == static_cast<int32_t>(PoolKind::kAverage);
    for (int32_t oy = 0; oy < g.out_h; ++oy)
      for (int32_t ox = 0, n; ox < g.out_w; ox += n) {
        n = average_of ? 1 : run_of(oy, ox);
        const float* from = dy + static_cast<size_t>(oy * g.out_w + ox) * all;
        if (average_of) average(oy, ox, from);
        else maximum(oy, ox, static_cast<size_t>(n), from);
      }
  }
};

}  // namespace

Status check_pool_gradient_f32(const rt::Instruction& in) {
  const auto* a = in.attrs_as<PoolAttrs>();
  VERGE_REQUIRE(a && in.in_count == 2 && in.has(1) && in.out_count == 1 && (a->kind == 0 || a->kind == 1) && (a->count == 0 || a->count == 1), Code::kCorrupt);
  VERGE_REQUIRE(in.in(1).dtype == DataType::kF32 && in.out().dtype == DataType::kF32, Code::kCorrupt);
  VERGE_RETURN_IF_BAD(check_geometry(a->window, 1, in.out().shape, in.in(1).shape));
  VERGE_RETURN_IF_BAD(check_end_padding(a->pad_bottom, a->pad_right));
  VERGE_REQUIRE(in.out().shape[3] == in.in(1).shape[3], Code::kCorrupt);
  const bool maximum = a->kind == static_cast<int32_t>(PoolKind::kMax);
  VERGE_REQUIRE(!maximum || make_geometry(a->window, 1, in.out().shape, in.in(1).shape).taps() <= kMostTaps, Code::kCorrupt);
  VERGE_REQUIRE(maximum == in.has(0) && (!maximum || same_type(in.in(0), in.out())), Code::kCorrupt);
  return {};
}

Status run_pool_gradient_f32(const rt::Instruction& in, const rt::RunEnv& env) {
  const PoolAttrs& a = *in.attrs_as<PoolAttrs>();
  const ConvGeometry g = make_geometry(a.window, 1, in.out().shape, in.in(1).shape);
  const auto picture = static_cast<size_t>(in.out().shape.count(1, 4)), pooled = static_cast<size_t>(in.in(1).shape.count(1, 4));
  env.parallel.each(static_cast<size_t>(g.batch), [&](size_t b) {
    Pool{g, a, in.has(0) ? in.in(0).as<float>() + b * picture : nullptr, in.in(1).as<float>() + b * pooled, in.out().mut<float>() + b * picture}.run();
  });
  return {};
}

}  // namespace verge::exec
