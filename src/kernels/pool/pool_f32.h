// Max and average pooling of f32 or bf16 over NHWC; arithmetic is in float. A pool over a whole plane is reduce_f32 (kernels/reduce) over its pixels.
//
//   max:     y[p, c] = clamp(max of x[q, c] over the pixels q of the window that lie inside the input)
//   average: y[p, c] = clamp(sum of the same / count)
//
// A window without any pixel inside gives -infinity and 0.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/clamp_f32.h"
#include "kernels/conv_geometry.h"
#include "kernels/select.h"

namespace verge {

enum class PoolKind : uint8_t { kMax, kAverage };

// What an average divides by: the pixels inside the input, or those inside the input with its padding.
enum class PoolCount : uint8_t { kInside, kPadded };

template <typename T> struct Pool {  // T: float, or uint16_t for bf16
  ConvGeometry geometry;  // out_c = in_c; groups is not read
  PoolKind kind = PoolKind::kMax;
  PoolCount count = PoolCount::kInside;
  int32_t pad_bottom = 0, pad_right = 0;  // only for kPadded
  const T* input = nullptr;
  size_t input_step = 0;  // elements from a pixel to the next
  T* output = nullptr;
  size_t output_step = 0;
  ClampF32 clamp;
};
using PoolF32 = Pool<float>;
using PoolBf16 = Pool<uint16_t>;

// The work falls into blocks that are made from shapes alone; any thread may compute any block, in any order.
size_t pool_f32_blocks(const ConvGeometry& geometry);
void pool_f32_block(const PoolF32& pool, size_t block);
void pool_bf16_block(const PoolBf16& pool, size_t block);

// y[c] = clamp(scale * (x[0][c] + ...)) or clamp(max(x[0][c], ...)) for c < channels; taps >= 1. x may hold y.
template <typename T> struct PoolPixel {
  const T* const* x;
  size_t taps, channels;
  float scale;
  ClampF32 clamp;
  T* y;
};
using PoolPixelF32 = PoolPixel<float>;
using PoolPixelBf16 = PoolPixel<uint16_t>;

template <typename T> struct PoolKernel {
  Isa isa;
  const char* name;
  void (*max)(const PoolPixel<T>& pixel);
  void (*average)(const PoolPixel<T>& pixel);
};
using PoolF32Kernel = PoolKernel<float>;
using PoolBf16Kernel = PoolKernel<uint16_t>;

#define VERGE_KERNEL(isa, name) VERGE_ON_##isa(void max_##name(const PoolPixelF32& pixel); void average_##name(const PoolPixelF32& pixel);)
#include "kernels/pool/kernels.inc"
#undef VERGE_KERNEL

#define VERGE_KERNEL(isa, name) VERGE_ON_##isa(void max_##name(const PoolPixelBf16& pixel); void average_##name(const PoolPixelBf16& pixel);)
#include "kernels/pool/bf16_kernels.inc"
#undef VERGE_KERNEL

std::span<const PoolF32Kernel> pool_f32_kernels();
std::span<const PoolBf16Kernel> pool_bf16_kernels();
const PoolF32Kernel& pick_pool_f32();
const PoolBf16Kernel& pick_pool_bf16();

}  // namespace verge
