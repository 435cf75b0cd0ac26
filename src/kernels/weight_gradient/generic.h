// The loop of channel_outer_f32, once for every instruction set. V is the F32 of kernels/vec/.
#include <cstddef>

#include "kernels/weight_gradient/weight_gradient_f32.h"

namespace verge {
namespace {

// kTaps taps from `tap` on and one register of channels, of which `part` are used (0: all).
template <typename V, int kTaps> void channel_outer_taps(const ChannelOuterF32& a, size_t tap, size_t channel, size_t part) {
  using Reg = typename V::Reg;
  const auto load = [part](const float* p) __attribute__((always_inline)) { return part ? V::load_first(p, part) : V::load(p); };
  Reg sum[kTaps];
#pragma GCC unroll 16
  for (int t = 0; t < kTaps; ++t) sum[t] = V::set1(0.0f);
  size_t offset[kTaps];
  for (int t = 0; t < kTaps; ++t) offset[t] = a.offsets[tap + static_cast<size_t>(t)];
  for (size_t r = 0; r < a.runs; ++r) {
    const float *x = a.x + r * a.x_run + channel, *dy = a.dy + r * a.dy_run + channel;
    for (size_t p = 0; p < a.pixels; ++p, x += a.x_step, dy += a.dy_step) {
      const Reg d = load(dy);
#pragma GCC unroll 16
      for (int t = 0; t < kTaps; ++t) sum[t] = V::fma(load(x + offset[t]), d, sum[t]);
    }
  }
#pragma GCC unroll 16
  for (int t = 0; t < kTaps; ++t) {
    float* dw = a.dw + (tap + static_cast<size_t>(t)) * a.dw_step + channel;
    const Reg all = V::add(load(dw), sum[t]);
    if (part) V::store_first(dw, all, part);
    else V::store(dw, all);
  }
}

template <typename V> void channel_outer(const ChannelOuterF32& a) {
  constexpr size_t kStep = V::kWidth;
  for (size_t c = 0; c < a.channels; c += kStep) {
    const size_t part = a.channels - c < kStep ? a.channels - c : 0;
    size_t t = 0;
    for (; t + 9 <= a.taps; t += 9) channel_outer_taps<V, 9>(a, t, c, part);
    for (; t + 3 <= a.taps; t += 3) channel_outer_taps<V, 3>(a, t, c, part);
    for (; t < a.taps; ++t) channel_outer_taps<V, 1>(a, t, c, part);
  }
}

}  // namespace
}  // namespace verge
