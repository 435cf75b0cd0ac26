// How a depthwise convolution falls into blocks, rows and tiles, once for every element type.
#include <cstddef>

#include "base/even_blocks.h"
#include "kernels/depthwise/depthwise_f32.h"

namespace verge {
namespace {

constexpr size_t kPointers = 1024;         // on the stack of a block
constexpr size_t kBlockMacs = 64 * 1024;    // below this a block is not worth a thread's while: a depthwise MAC costs more than one of a product
constexpr size_t kMostBlocks = 16;

inline size_t divide_up(size_t a, size_t b) { return (a + b - 1) / b; }

inline size_t output_rows(const ConvGeometry& g) { return static_cast<size_t>(g.batch) * static_cast<size_t>(g.out_h); }

inline size_t rows_per_block(const ConvGeometry& g) {
  const size_t macs = g.out_pixels() * static_cast<size_t>(g.out_c) * g.taps();
  const size_t wanted = macs / kBlockMacs < 1 ? 1 : macs / kBlockMacs > kMostBlocks ? kMostBlocks : macs / kBlockMacs;
  const size_t rows = divide_up(output_rows(g), wanted);
  return rows == 0 ? 1 : rows;
}

inline EvenBlocks row_blocks(const ConvGeometry& g, int threads) { return {output_rows(g), rows_per_block(g), threads}; }

// The same convolution with `outputs` neighbouring pixels taken as one: its pointers are those of a tile.
inline ConvGeometry tile_geometry(const ConvGeometry& g, int32_t outputs) {
  ConvGeometry t = g;
  t.kernel_w = (outputs - 1) * g.stride_w + g.kernel_w;
  t.stride_w = outputs * g.stride_w;
  t.out_w = (g.out_w + outputs - 1) / outputs;
  return t;
}

// The range of i < count for which first + i * step and the `reach` after it lie in [0, size).
struct Range {
  int32_t begin, end;
};
inline Range inside(int32_t first, int32_t step, int32_t count, int32_t reach, int32_t size) {
  Range r{0, count};
  while (r.begin < count && first + r.begin * step < 0) ++r.begin;
  while (r.end > r.begin && first + (r.end - 1) * step + reach >= size) --r.end;
  return r;
}

// Tiles [begin, end) of one output row: pointers are made for the first alone.
template <typename Conv, typename Kernel, typename T> void run_tiles(const Conv& conv, const Kernel& kernel, const ConvGeometry& tiles, size_t row, Range range, T* y) {
  const int32_t top = static_cast<int32_t>(row) % tiles.out_h * tiles.stride_h - tiles.pad_top;
  const Range ky = inside(top, tiles.dilation_h, tiles.kernel_h, 0, tiles.in_h);
  const size_t columns = static_cast<size_t>(tiles.kernel_w), first_row = static_cast<size_t>(ky.begin), outputs = static_cast<size_t>(kernel.outputs);
  const size_t pixel = static_cast<size_t>(range.begin) * outputs, pixels = static_cast<size_t>(range.end - range.begin) * outputs;
  const size_t left = static_cast<size_t>(conv.geometry.out_w) - pixel, kernel_w = static_cast<size_t>(conv.geometry.kernel_w);
  const void* pointers[kPointers];
  const DepthwiseTiles<T> args{.pointers = reinterpret_cast<const T* const*>(pointers),
                               .tile_step = static_cast<size_t>(tiles.stride_w) * conv.input_step,
                               .kernel_rows = static_cast<size_t>(ky.end - ky.begin),
                               .columns = columns,
                               .pixels = pixels < left ? pixels : left,
                               .channels = static_cast<size_t>(tiles.in_c),
                               .weights = conv.weights + first_row * kernel_w * Conv::weights_step(static_cast<size_t>(tiles.in_c)),
                               .bias = conv.bias,
                               .output = y + pixel * conv.output_step,
                               .output_step = conv.output_step,
                               .clamp = conv.clamp};
  tap_pointers(tiles, conv.input, conv.input_step * sizeof(T), conv.zeros, {first_row * columns, (first_row + args.kernel_rows) * columns},
               row * static_cast<size_t>(tiles.out_w) + static_cast<size_t>(range.begin), 1, pointers);
  kernel.fn(args);
}

// Tiles that touch padding have zeros behind some pointers, which must not move: they go one by one.
template <typename Conv, typename Kernel, typename T> void run_row(const Conv& conv, const Kernel& kernel, size_t row, T* y) {
  const ConvGeometry tiles = tile_geometry(conv.geometry, kernel.outputs);
  const Range whole = inside(-tiles.pad_left, tiles.stride_w, tiles.out_w, (tiles.kernel_w - 1) * tiles.dilation_w, tiles.in_w);
  for (int32_t i = 0; i < whole.begin; ++i) run_tiles(conv, kernel, tiles, row, {i, i + 1}, y);
  if (whole.begin < whole.end) run_tiles(conv, kernel, tiles, row, whole, y);
  for (int32_t i = whole.end; i < tiles.out_w; ++i) run_tiles(conv, kernel, tiles, row, {i, i + 1}, y);
}

// Of one row of output: products, those of pixels that are not stored too, and what a tile costs besides.
template <typename Kernel> int32_t row_cost(const Kernel& kernel, const ConvGeometry& g) {
  constexpr int32_t kTile = 6;
  return (g.out_w + kernel.outputs - 1) / kernel.outputs * (kernel.outputs * g.kernel_w + kTile);
}

// Of the list's kernels the one of the best instruction set whose tiles suit the width of the output.
template <typename Kernel> const Kernel& pick_tiles(std::span<const Kernel> list, const ConvGeometry& geometry) {
  const Kernel* best = nullptr;
  for (const Kernel& kernel : list) {
    if (!cpu_has(kernel.isa) || !kernel.takes(geometry)) continue;
    if (!best) best = &kernel;
    if (kernel.isa == best->isa && kernel.kernel_w == best->kernel_w && row_cost(kernel, geometry) < row_cost(*best, geometry)) best = &kernel;
  }
  return *best;
}

}  // namespace
}  // namespace verge
