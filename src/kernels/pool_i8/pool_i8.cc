#include "kernels/pool_i8/pool_i8.h"

#include <cstring>

namespace verge {
namespace {

constexpr size_t kPointers = 512;           // on the stack of a block
constexpr size_t kChannels = 256;           // sums on the stack of a block
constexpr size_t kBlockReads = 256 * 1024;  // below this a block is not worth a thread's while
constexpr size_t kMostBlocks = 16;

size_t divide_up(size_t a, size_t b) { return (a + b - 1) / b; }
size_t at_most(size_t a, size_t b) { return a < b ? a : b; }
int32_t clamp(int32_t x, int32_t min, int32_t max) { return x < min ? min : x > max ? max : x; }

size_t output_rows(const ConvGeometry& g) { return static_cast<size_t>(g.batch) * static_cast<size_t>(g.out_h); }

size_t rows_per_block(const ConvGeometry& g) {
  const size_t reads = g.out_pixels() * static_cast<size_t>(g.in_c) * g.taps();
  const size_t wanted = reads / kBlockReads < 1 ? 1 : at_most(reads / kBlockReads, kMostBlocks);
  const size_t rows = divide_up(output_rows(g), wanted);
  return rows == 0 ? 1 : rows;
}

// The taps, of `taps` from the window's first pixel `from` on, that lie in [begin, end).
int32_t taps_within(int32_t from, int32_t taps, int32_t dilation, int32_t begin, int32_t end) {
  int32_t count = 0;
  for (int32_t t = 0; t < taps; ++t) count += from + t * dilation >= begin && from + t * dilation < end;
  return count;
}

struct Counts {
  int32_t inside, all;  // all: what the average divides by
};

Counts count_taps(const PoolI8& pool, size_t pixel) {
  const ConvGeometry& g = pool.geometry;
  const auto p = static_cast<int32_t>(pixel);
  const int32_t top = p / g.out_w % g.out_h * g.stride_h - g.pad_top, left = p % g.out_w * g.stride_w - g.pad_left;
  const int32_t inside = taps_within(top, g.kernel_h, g.dilation_h, 0, g.in_h) * taps_within(left, g.kernel_w, g.dilation_w, 0, g.in_w);
  if (pool.count == PoolCount::kInside) return {inside, inside};
  return {inside, taps_within(top, g.kernel_h, g.dilation_h, -g.pad_top, g.in_h + pool.pad_bottom) *
                      taps_within(left, g.kernel_w, g.dilation_w, -g.pad_left, g.in_w + pool.pad_right)};
}

// Division by a fixed n as a product with its reciprocal, exact while a * n < 2^32 (Granlund and Montgomery, PLDI 1994).
void divide_all(const int32_t* sums, size_t channels, int32_t offset, int32_t n, const PoolI8& pool, uint8_t* y) {
  const auto half = static_cast<uint32_t>(n / 2);
  const uint64_t reciprocal = (uint64_t{1} << 32) / static_cast<uint32_t>(n) + 1;
  for (size_t c = 0; c < channels; ++c) {
    const int32_t acc = sums[c] + offset;
    const uint32_t a = static_cast<uint32_t>(acc < 0 ? -acc : acc) + half;
    const auto q = static_cast<int32_t>(a * reciprocal >> 32);
    y[c] = static_cast<uint8_t>(clamp(acc < 0 ? -q : q, pool.min, pool.max));
  }
}

void average(const PoolI8& pool, const int32_t* sums, size_t channels, Counts n, uint8_t* y) {
  // Sums are those of the int8 view; padding adds the zero point.
  const int32_t offset = (pool.is_unsigned ? 128 * n.inside : 0) + (n.all - n.inside) * pool.x_zero_point;
  if (pool.mode == RequantMode::kOnnx) {
    float scale[kChannels];
    int32_t acc[kChannels];
    for (size_t c = 0; c < channels; ++c) scale[c] = pool.scale / static_cast<float>(n.all), acc[c] = sums[c] + offset - n.all * pool.x_zero_point;
    const Requant r{RequantMode::kOnnx, nullptr, nullptr, scale, pool.zero_point, pool.min, pool.max};
    return pick_requant()(1, channels, acc, 0, r, y, 0);
  }
  constexpr int32_t kMostExact = 4096;  // 256 * n + n / 2 stays below 2^32 / n
  if (n.all <= kMostExact) return divide_all(sums, channels, offset, n.all, pool, y);
  for (size_t c = 0; c < channels; ++c) y[c] = static_cast<uint8_t>(clamp(divide_rounded(sums[c] + offset, n.all), pool.min, pool.max));
}

// The pixels of a window that lie inside the input, in slices of taps.
template <typename Body> void for_taps(const PoolI8& pool, size_t pixel, const Body& body) {
  const ConvGeometry& g = pool.geometry;
  const void* taps[kPointers];
  for (TapRange range{0, 0}; range.end < g.taps(); range.begin = range.end) {
    range.end = at_most(range.begin + kPointers, g.taps());
    tap_pointers(g, pool.input, pool.input_step, nullptr, range, pixel, 1, taps);
    size_t inside = 0;
    for (size_t t = 0; t < range.size(); ++t)
      if (taps[t]) taps[inside++] = taps[t];
    if (inside > 0) body(inside, taps);
  }
}

void advance(size_t rows, const void** taps, size_t bytes) {
  for (size_t r = 0; r < rows; ++r) taps[r] = static_cast<const uint8_t*>(taps[r]) + bytes;
}

void average_pixel(const PoolI8& pool, size_t pixel, uint8_t* y) {
  const size_t channels = static_cast<size_t>(pool.geometry.in_c);
  const Counts counts = count_taps(pool, pixel);
  if (counts.all == 0) return static_cast<void>(std::memset(y, clamp(pool.zero_point, pool.min, pool.max), channels));
  for (size_t c = 0; c < channels; c += kChannels) {
    const size_t n = at_most(kChannels, channels - c);
    int32_t sums[kChannels] = {}, part[kChannels];
    for_taps(pool, pixel, [&](size_t rows, const void** taps) {
      advance(rows, taps, c);
      pick_pool_i8().sum(rows, taps, n, pool.is_unsigned ? 0x80 : 0, part);
      for (size_t i = 0; i < n; ++i) sums[i] += part[i];
    });
    average(pool, sums, n, counts, y + c);
  }
}

void clamp_all(const PoolI8& pool, size_t channels, uint8_t* y) {
  const int32_t lowest = pool.is_unsigned ? 0 : -128;
  if (pool.min == lowest && pool.max == lowest + 255) return;
  for (size_t c = 0; c < channels; ++c) y[c] = static_cast<uint8_t>(clamp(pool.is_unsigned ? y[c] : static_cast<int8_t>(y[c]), pool.min, pool.max));
}

// Of a window of any size.
void max_pixel(const PoolI8& pool, size_t pixel, uint8_t* y) {
  const size_t channels = static_cast<size_t>(pool.geometry.in_c);
  bool empty = true;
  for_taps(pool, pixel, [&](size_t rows, const void** taps) {
    const void* both[kPointers + 1];
    std::memcpy(both, taps, rows * sizeof(void*));
    if (!empty) both[rows++] = y;
    pick_pool_i8().max(rows, both, channels, pool.is_unsigned ? 0x80 : 0, y);
    empty = false;
  });
  if (empty) std::memset(y, pool.min, channels);
  clamp_all(pool, channels, y);
}

// Of `count` windows whose pointers fit the stack.
void max_pixels(const PoolI8& pool, size_t first, size_t count, uint8_t* y) {
  const size_t channels = static_cast<size_t>(pool.geometry.in_c), taps = pool.geometry.taps();
  const void* pointers[kPointers];
  tap_pointers(pool.geometry, pool.input, pool.input_step, nullptr, {0, taps}, first, count, pointers);
  for (size_t i = 0; i < count; ++i, y += pool.output_step) {
    const void** window = pointers + i * taps;
    size_t inside = 0;
    for (size_t t = 0; t < taps; ++t)
      if (window[t]) window[inside++] = window[t];
    if (inside > 0) {
      pick_pool_i8().max(inside, window, channels, pool.is_unsigned ? 0x80 : 0, y);
    } else {
      std::memset(y, pool.min, channels);
    }
    clamp_all(pool, channels, y);
  }
}

}  // namespace

int32_t divide_rounded(int32_t acc, int32_t n) { return acc > 0 ? (acc + n / 2) / n : (acc - n / 2) / n; }

size_t pool_i8_blocks(const ConvGeometry& geometry) { return divide_up(output_rows(geometry), rows_per_block(geometry)); }

void pool_i8_block(const PoolI8& pool, size_t block) {
  const ConvGeometry& g = pool.geometry;
  const size_t width = static_cast<size_t>(g.out_w), begin = block * rows_per_block(g), end = at_most((begin + rows_per_block(g)) * width, g.out_pixels());
  const size_t at_once = pool.kind == PoolKind::kMax ? at_most(kPointers / g.taps(), width) : 0;
  for (size_t pixel = begin * width; pixel < end;) {
    uint8_t* y = static_cast<uint8_t*>(pool.output) + pixel * pool.output_step;
    const size_t count = at_most(at_once, end - pixel);
    if (count > 0) {
      max_pixels(pool, pixel, count, y);
    } else {
      (pool.kind == PoolKind::kMax ? max_pixel : average_pixel)(pool, pixel, y);
    }
    pixel += count > 0 ? count : 1;
  }
}

std::span<const PoolI8Kernel> pool_i8_kernels() {
  static constexpr PoolI8Kernel kList[] = {
#define VERGE_KERNEL(isa, name) VERGE_ON_##isa({isas::isa, #name, sum_##name, max_##name}, )
#include "kernels/pool_i8/kernels.inc"
#undef VERGE_KERNEL
  };
  return kList;
}

const PoolI8Kernel& pick_pool_i8() {
  static constinit Pick pick;
  return pick.from(pool_i8_kernels());
}

void sum_bytes_i8_scalar(size_t rows, const void* const* x, size_t n, uint8_t flip, int32_t* sums) {
  std::memset(sums, 0, n * sizeof(int32_t));
  for (size_t r = 0; r < rows; ++r)
    for (size_t c = 0; c < n; ++c) sums[c] += static_cast<int8_t>(static_cast<const uint8_t*>(x[r])[c] ^ flip);
}

void max_bytes_i8_scalar(size_t rows, const void* const* x, size_t n, uint8_t flip, uint8_t* y) {
  for (size_t c = 0; c < n; ++c) {
    int32_t most = -128;
    for (size_t r = 0; r < rows; ++r) {
      const int32_t v = static_cast<int8_t>(static_cast<const uint8_t*>(x[r])[c] ^ flip);
      most = v > most ? v : most;
    }
    y[c] = static_cast<uint8_t>(most ^ flip);
  }
}

}  // namespace verge
