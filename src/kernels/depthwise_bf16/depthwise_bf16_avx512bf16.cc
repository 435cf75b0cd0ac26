#include "kernels/vec/avx512.h"

#include "kernels/depthwise_bf16/depthwise_bf16.h"
#include "kernels/vec/channels_avx512bf16.h"

namespace verge {
namespace {

struct Limits {
  __m512 low, high;
  explicit Limits(ClampF32 clamp) : low(_mm512_set1_ps(clamp.min)), high(_mm512_set1_ps(clamp.max)) {}
  __m512 operator()(__m512 x) const { return F32::min(high, F32::max(low, x)); }
};

// One tile and 32 channels: neighbouring outputs share the inputs that their kernels have in common.
template <int kKernelW, int kStride, int kOutputs> struct Tile {
  static constexpr int kColumns = (kOutputs - 1) * kStride + kKernelW;

  const DepthwiseBf16Tiles& a;
  size_t step, shift, valid;
  uint16_t* y;

  [[gnu::always_inline]] void run(size_t c, const Channels& channels) const {
    __m512 even[kOutputs], odd[kOutputs];
    const __m512 bias[2] = {_mm512_loadu_ps(a.bias + c), _mm512_loadu_ps(a.bias + c + kHalf)};
#pragma GCC unroll 8
    for (int o = 0; o < kOutputs; ++o) even[o] = bias[0], odd[o] = bias[1];
    const float* w = a.weights + c;
    const uint16_t* const* row = a.pointers;
    for (size_t ky = 0; ky < a.kernel_rows; ++ky, row += kColumns, w += kKernelW * step) {
      add_row([&](int j) { return channels.even(row[j] + shift + c); }, w, even);
      add_row([&](int j) { return channels.odd(row[j] + shift + c); }, w + kHalf, odd);
    }
    const Limits limit(a.clamp);
#pragma GCC unroll 8
    for (int o = 0; o < kOutputs; ++o)
      if (static_cast<size_t>(o) < valid) channels.store(y + static_cast<size_t>(o) * a.output_step + c, limit(even[o]), limit(odd[o]));
  }

 private:
  template <typename Load> [[gnu::always_inline]] void add_row(const Load& load, const float* w, __m512 (&sum)[kOutputs]) const {
    __m512 x[kColumns];
#pragma GCC unroll 16
    for (int j = 0; j < kColumns; ++j) x[j] = load(j);
#pragma GCC unroll 8
    for (int kx = 0; kx < kKernelW; ++kx) {
      const __m512 weight = _mm512_loadu_ps(w + static_cast<size_t>(kx) * step);
#pragma GCC unroll 8
      for (int o = 0; o < kOutputs; ++o) sum[o] = _mm512_fmadd_ps(x[o * kStride + kx], weight, sum[o]);
    }
  }
};

template <int kKernelW, int kStride, int kOutputs> void run_tiles(const DepthwiseBf16Tiles& a) {
  uint16_t* y = a.output;
  size_t shift = 0;
  for (size_t done = 0; done < a.pixels; done += kOutputs, shift += a.tile_step, y += kOutputs * a.output_step) {
    const Tile<kKernelW, kStride, kOutputs> tile{a, DepthwiseBf16::weights_step(a.channels), shift, a.pixels - done < kOutputs ? a.pixels - done : kOutputs, y};
    for_channels(a.channels, [&](size_t c, const Channels& channels) { tile.run(c, channels); });
  }
}

// One output pixel of any kernel and 32 channels.
void run_pixel(const DepthwiseBf16Tiles& a, size_t shift, uint16_t* y, size_t c, const Channels& channels) {
  __m512 even = _mm512_loadu_ps(a.bias + c), odd = _mm512_loadu_ps(a.bias + c + kHalf);
  const float* w = a.weights + c;
  const size_t step = DepthwiseBf16::weights_step(a.channels);
  for (size_t t = 0; t < a.kernel_rows * a.columns; ++t, w += step) {
    const uint16_t* x = a.pointers[t] + shift + c;
    even = _mm512_fmadd_ps(channels.even(x), _mm512_loadu_ps(w), even);
    odd = _mm512_fmadd_ps(channels.odd(x), _mm512_loadu_ps(w + kHalf), odd);
  }
  const Limits limit(a.clamp);
  channels.store(y + c, limit(even), limit(odd));
}

}  // namespace

void depthwise_bf16_w3s1_avx512bf16(const DepthwiseBf16Tiles& tiles) { run_tiles<3, 1, 4>(tiles); }
void depthwise_bf16_w3s1x7_avx512bf16(const DepthwiseBf16Tiles& tiles) { run_tiles<3, 1, 7>(tiles); }
void depthwise_bf16_w3s2_avx512bf16(const DepthwiseBf16Tiles& tiles) { run_tiles<3, 2, 4>(tiles); }
void depthwise_bf16_w3s2x7_avx512bf16(const DepthwiseBf16Tiles& tiles) { run_tiles<3, 2, 7>(tiles); }
void depthwise_bf16_w5s1_avx512bf16(const DepthwiseBf16Tiles& tiles) { run_tiles<5, 1, 4>(tiles); }
void depthwise_bf16_w5s1x7_avx512bf16(const DepthwiseBf16Tiles& tiles) { run_tiles<5, 1, 7>(tiles); }
void depthwise_bf16_w5s2_avx512bf16(const DepthwiseBf16Tiles& tiles) { run_tiles<5, 2, 4>(tiles); }
void depthwise_bf16_avx512bf16(const DepthwiseBf16Tiles& a) {
  uint16_t* y = a.output;
  for (size_t i = 0; i < a.pixels; ++i, y += a.output_step) for_channels(a.channels, [&](size_t c, const Channels& channels) { run_pixel(a, i * a.tile_step, y, c, channels); });
}

}  // namespace verge
