#include "kernels/pool/pool_f32.h"

#include "kernels/bf16/bf16.h"

namespace verge {
namespace {

constexpr size_t kPointers = 512;           // on the stack of a block
constexpr size_t kBlockReads = 256 * 1024;  // below this a block is not worth a thread's while
constexpr size_t kMostBlocks = 16;

size_t divide_up(size_t a, size_t b) { return (a + b - 1) / b; }

size_t output_rows(const ConvGeometry& g) { return static_cast<size_t>(g.batch) * static_cast<size_t>(g.out_h); }

size_t rows_per_block(const ConvGeometry& g) {
  const size_t reads = g.out_pixels() * static_cast<size_t>(g.in_c) * g.taps();
  const size_t wanted = reads / kBlockReads < 1 ? 1 : reads / kBlockReads > kMostBlocks ? kMostBlocks : reads / kBlockReads;
  const size_t rows = divide_up(output_rows(g), wanted);
  return rows == 0 ? 1 : rows;
}

// The taps, of `taps` from the window's first pixel `from` on, that lie in [begin, end).
int32_t taps_within(int32_t from, int32_t taps, int32_t dilation, int32_t begin, int32_t end) {
  int32_t count = 0;
  for (int32_t t = 0; t < taps; ++t) count += from + t * dilation >= begin && from + t * dilation < end;
  return count;
}

template <typename T> float average_scale(const Pool<T>& pool, size_t pixel) {
  const ConvGeometry& g = pool.geometry;
  const bool padded = pool.count == PoolCount::kPadded;
  const int32_t p = static_cast<int32_t>(pixel), top = p / g.out_w % g.out_h * g.stride_h - g.pad_top, left = p % g.out_w * g.stride_w - g.pad_left;
  const int32_t high = taps_within(top, g.kernel_h, g.dilation_h, padded ? -g.pad_top : 0, g.in_h + (padded ? pool.pad_bottom : 0));
  const int32_t wide = taps_within(left, g.kernel_w, g.dilation_w, padded ? -g.pad_left : 0, g.in_w + (padded ? pool.pad_right : 0));
  return high * wide == 0 ? 0.0f : 1.0f / static_cast<float>(high * wide);
}

void fill(size_t n, float value, float* y) {
  for (size_t c = 0; c < n; ++c) y[c] = value;
}
void fill(size_t n, float value, uint16_t* y) {
  for (size_t c = 0; c < n; ++c) pick_bf16().round({1, 1, &value, 1, y + c, 1});
}

template <typename T> void fill_empty(const Pool<T>& pool, T* y) {
  const float value = pool.kind == PoolKind::kMax ? pool.clamp.min : pool.clamp.min > 0 ? pool.clamp.min : pool.clamp.max < 0 ? pool.clamp.max : 0;
  fill(static_cast<size_t>(pool.geometry.in_c), value, y);
}

// Windows of more taps than pointers fold what they have so far in as one more tap.
template <typename T, typename Fn> void run_pixel(const Pool<T>& pool, const Fn fn, size_t pixel, T* y) {
  const ConvGeometry& g = pool.geometry;
  const void* taps[kPointers];
  const T* inside[kPointers + 1];
  PoolPixel<T> args{.x = inside, .taps = 0, .channels = static_cast<size_t>(g.in_c), .scale = 1, .clamp = {}, .y = y};
  for (size_t begin = 0; begin < g.taps(); begin += kPointers) {
    const TapRange range{begin, begin + kPointers < g.taps() ? begin + kPointers : g.taps()};
    tap_pointers(g, pool.input, pool.input_step * sizeof(T), nullptr, range, pixel, 1, taps);
    for (size_t t = 0; t < range.size(); ++t)
      if (taps[t]) inside[args.taps++] = static_cast<const T*>(taps[t]);
    if (range.end == g.taps()) {
      args.clamp = pool.clamp;
      if (pool.kind == PoolKind::kAverage) args.scale = average_scale(pool, pixel);
    }
    if (args.taps == 0) continue;
    fn(args);
    inside[0] = y;
    args.taps = 1;
  }
  if (args.taps == 0) fill_empty(pool, y);
}

template <typename T> void run_block(const Pool<T>& pool, const PoolKernel<T>& kernel, size_t block) {
  const ConvGeometry& g = pool.geometry;
  const auto fn = pool.kind == PoolKind::kMax ? kernel.max : kernel.average;
  const size_t width = static_cast<size_t>(g.out_w), begin = block * rows_per_block(g), end = begin + rows_per_block(g);
  for (size_t pixel = begin * width; pixel < end * width && pixel < g.out_pixels(); ++pixel) run_pixel(pool, fn, pixel, pool.output + pixel * pool.output_step);
}

}  // namespace

size_t pool_f32_blocks(const ConvGeometry& geometry) { return divide_up(output_rows(geometry), rows_per_block(geometry)); }

void pool_f32_block(const PoolF32& pool, size_t block) { run_block(pool, pick_pool_f32(), block); }
void pool_bf16_block(const PoolBf16& pool, size_t block) { run_block(pool, pick_pool_bf16(), block); }

std::span<const PoolF32Kernel> pool_f32_kernels() {
  static constexpr PoolF32Kernel kList[] = {
#define VERGE_KERNEL(isa, name) VERGE_ON_##isa({isas::isa, #name, max_##name, average_##name}, )
#include "kernels/pool/kernels.inc"
#undef VERGE_KERNEL
  };
  return kList;
}

const PoolF32Kernel& pick_pool_f32() {
  static constinit Pick pick;
  return pick.from(pool_f32_kernels());
}

std::span<const PoolBf16Kernel> pool_bf16_kernels() {
  static constexpr PoolBf16Kernel kList[] = {
#define VERGE_KERNEL(isa, name) VERGE_ON_##isa({isas::isa, #name, max_##name, average_##name}, )
#include "kernels/pool/bf16_kernels.inc"
#undef VERGE_KERNEL
  };
  return kList;
}

const PoolBf16Kernel& pick_pool_bf16() {
  static constinit Pick pick;
  return pick.from(pool_bf16_kernels());
}

}  // namespace verge
