// The loops of depthwise_f32, once for every instruction set. V is the F32 of kernels/vec/.
#include <cstddef>

#include "kernels/depthwise/depthwise_f32.h"

namespace verge {
namespace {

constexpr size_t kChannelUnit = 16;  // of packed weights

inline size_t weights_step(const DepthwiseF32Tiles& a) { return (a.channels + kChannelUnit - 1) / kChannelUnit * kChannelUnit; }

// How a run of channels is read and written: a whole register, or the n < kWidth at the end.
template <typename V> struct WholeRun {
  typename V::Reg load(const float* p) const { return V::load(p); }
  void store(float* p, typename V::Reg v) const { V::store(p, v); }
};
template <typename V> struct PartRun {
  size_t n;
  typename V::Reg load(const float* p) const { return V::load_first(p, n); }
  void store(float* p, typename V::Reg v) const { V::store_first(p, v, n); }
};

// Calls body(channel, run) for all channels.
template <typename V, typename Body> [[gnu::always_inline]] inline void for_channels(size_t channels, const Body& body) {
  constexpr size_t kStep = V::kWidth;
  size_t c = 0;
  for (; c + kStep <= channels; c += kStep) body(c, WholeRun<V>());
  if (c < channels) body(c, PartRun<V>{channels - c});
}

// One tile and one run of channels: neighbouring outputs share the inputs that their kernels have in common.
template <typename V, int kKernelW, int kStride, int kOutputs> struct DepthwiseTile {
  using Reg = typename V::Reg;
  static constexpr int kColumns = (kOutputs - 1) * kStride + kKernelW;

  const DepthwiseF32Tiles& a;
  size_t step, shift, valid;
  float* y;

  template <typename Run> [[gnu::always_inline]] void operator()(size_t c, Run run) const {
    Reg sum[kOutputs];
    const Reg bias = V::load(a.bias + c);
#pragma GCC unroll 8
    for (int o = 0; o < kOutputs; ++o) sum[o] = bias;
    const float* w = a.weights + c;
    const float* const* row = a.pointers;
    for (size_t ky = 0; ky < a.kernel_rows; ++ky, row += kColumns, w += kKernelW * step) add_row(run, row, shift + c, w, sum);
    const Reg lo = V::set1(a.clamp.min), hi = V::set1(a.clamp.max);
#pragma GCC unroll 8
    for (int o = 0; o < kOutputs; ++o)
      if (static_cast<size_t>(o) < valid) run.store(y + static_cast<size_t>(o) * a.output_step + c, V::min(hi, V::max(lo, sum[o])));
  }

  template <typename Run> [[gnu::always_inline]] void add_row(Run run, const float* const* row, size_t at, const float* w, Reg (&sum)[kOutputs]) const {
    Reg x[kColumns];
#pragma GCC unroll 16
    for (int j = 0; j < kColumns; ++j) x[j] = run.load(row[j] + at);
#pragma GCC unroll 8
    for (int kx = 0; kx < kKernelW; ++kx) {
      const Reg weight = V::load(w + static_cast<size_t>(kx) * step);
#pragma GCC unroll 8
      for (int o = 0; o < kOutputs; ++o) sum[o] = V::fma(x[o * kStride + kx], weight, sum[o]);
    }
  }
};

template <typename V, int kKernelW, int kStride, int kOutputs> void depthwise_tiles(const DepthwiseF32Tiles& a) {
  float* y = a.output;
  size_t shift = 0;
  for (size_t done = 0; done < a.pixels; done += kOutputs, shift += a.tile_step, y += kOutputs * a.output_step) {
    const size_t valid = a.pixels - done < kOutputs ? a.pixels - done : kOutputs;
    for_channels<V>(a.channels, DepthwiseTile<V, kKernelW, kStride, kOutputs>{a, weights_step(a), shift, valid, y});
  }
}

// One output pixel of any kernel and one run of channels.
template <typename V> struct DepthwisePixel {
  const DepthwiseF32Tiles& a;
  size_t step, shift;
  float* y;

  template <typename Run> [[gnu::always_inline]] void operator()(size_t c, Run run) const {
    auto sum = V::load(a.bias + c);
    const float* w = a.weights + c;
    for (size_t t = 0; t < a.kernel_rows * a.columns; ++t, w += step) sum = V::fma(run.load(a.pointers[t] + shift + c), V::load(w), sum);
    run.store(y + c, V::min(V::set1(a.clamp.max), V::max(V::set1(a.clamp.min), sum)));
  }
};

template <typename V> void depthwise_pixels(const DepthwiseF32Tiles& a) {
  float* y = a.output;
  size_t shift = 0;
  for (size_t i = 0; i < a.pixels; ++i, shift += a.tile_step, y += a.output_step) for_channels<V>(a.channels, DepthwisePixel<V>{a, weights_step(a), shift, y});
}

}  // namespace
}  // namespace verge
