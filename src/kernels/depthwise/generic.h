// The loops of depthwise_f32, once for every instruction set. V is the F32 of kernels/vec/.
#include <cstddef>

#include "kernels/depthwise/depthwise_f32.h"

namespace verge {
namespace {

inline constexpr size_t kChannelUnit = 16;  // of packed weights

// Calls body(c, load, store) for each run of V::kWidth channels from c on, and for the rest with a load and store of only so many.
template <typename V, typename Body> [[gnu::always_inline]] inline void for_channels(size_t channels, const Body& body) {
  constexpr size_t kStep = V::kWidth;
  size_t c = 0;
  for (; c + kStep <= channels; c += kStep) body(
      c, [](const float* p) { return V::load(p); }, [](float* p, typename V::Reg v) { V::store(p, v); });
  if (const size_t n = channels - c; n > 0)
    body(
        c, [n](const float* p) { return V::load_first(p, n); }, [n](float* p, typename V::Reg v) { V::store_first(p, v, n); });
}

// Neighbouring outputs share the inputs that their kernels have in common.
template <typename V, int kKernelW, int kStride, int kOutputs> void depthwise_tiles(const DepthwiseF32Tiles& a) {
  using Reg = typename V::Reg;
  constexpr int kColumns = (kOutputs - 1) * kStride + kKernelW;
  const size_t step = (a.channels + kChannelUnit - 1) / kChannelUnit * kChannelUnit;
  const Reg lo = V::set1(a.clamp.min), hi = V::set1(a.clamp.max);
  float* y = a.output;
  size_t shift = 0;
  for (size_t done = 0; done < a.pixels; done += kOutputs, shift += a.tile_step, y += kOutputs * a.output_step) {
    const size_t valid = a.pixels - done < kOutputs ? a.pixels - done : kOutputs;
    for_channels<V>(a.channels, [&](size_t c, auto load, auto store) __attribute__((always_inline)) {
      Reg sum[kOutputs];
      const Reg bias = V::load(a.bias + c);
#pragma GCC unroll 8
      for (int o = 0; o < kOutputs; ++o) sum[o] = bias;
      const float* w = a.weights + c;
      const float* const* row = a.pointers;
      for (size_t ky = 0; ky < a.kernel_rows; ++ky, row += kColumns) {
        Reg x[kColumns];
#pragma GCC unroll 16
        for (int j = 0; j < kColumns; ++j) x[j] = load(row[j] + shift + c);
#pragma GCC unroll 8
        for (int kx = 0; kx < kKernelW; ++kx, w += step) {
          const Reg weight = V::load(w);
#pragma GCC unroll 8
          for (int o = 0; o < kOutputs; ++o) sum[o] = V::fma(x[o * kStride + kx], weight, sum[o]);
        }
      }
#pragma GCC unroll 8
      for (int o = 0; o < kOutputs; ++o)
        if (static_cast<size_t>(o) < valid) store(y + static_cast<size_t>(o) * a.output_step + c, V::min(hi, V::max(lo, sum[o])));
    });
  }
}

// Any kernel, one output pixel at a time.
template <typename V> void depthwise_pixels(const DepthwiseF32Tiles& a) {
  using Reg = typename V::Reg;
  const size_t step = (a.channels + kChannelUnit - 1) / kChannelUnit * kChannelUnit, taps = a.kernel_rows * a.columns;
  const Reg lo = V::set1(a.clamp.min), hi = V::set1(a.clamp.max);
  float* y = a.output;
  size_t shift = 0;
  for (size_t i = 0; i < a.pixels; ++i, shift += a.tile_step, y += a.output_step) {
    for_channels<V>(a.channels, [&](size_t c, auto load, auto store) __attribute__((always_inline)) {
      Reg sum = V::load(a.bias + c);
      const float* w = a.weights + c;
      for (size_t t = 0; t < taps; ++t, w += step) sum = V::fma(load(a.pointers[t] + shift + c), V::load(w), sum);
      store(y + c, V::min(hi, V::max(lo, sum)));
    });
  }
}

}  // namespace
}  // namespace verge
