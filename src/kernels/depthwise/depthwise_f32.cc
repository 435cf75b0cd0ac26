#include "kernels/depthwise/depthwise_f32.h"

namespace verge {
namespace {

constexpr size_t kPointers = 1024;         // on the stack of a block
constexpr size_t kUnit = 16;               // channels of packed weights are padded to a multiple
constexpr size_t kBlockMacs = 64 * 1024;    // below this a block is not worth a thread's while: a depthwise MAC costs more than one of a product
constexpr size_t kMostBlocks = 16;

size_t round_up(size_t n) { return (n + kUnit - 1) / kUnit * kUnit; }
size_t divide_up(size_t a, size_t b) { return (a + b - 1) / b; }

size_t output_rows(const ConvGeometry& g) { return static_cast<size_t>(g.batch) * static_cast<size_t>(g.out_h); }

size_t rows_per_block(const ConvGeometry& g) {
  const size_t macs = g.out_pixels() * static_cast<size_t>(g.out_c) * g.taps();
  const size_t wanted = macs / kBlockMacs < 1 ? 1 : macs / kBlockMacs > kMostBlocks ? kMostBlocks : macs / kBlockMacs;
  const size_t rows = divide_up(output_rows(g), wanted);
  return rows == 0 ? 1 : rows;
}

// The same convolution with `outputs` neighbouring pixels taken as one: its pointers are those of a tile.
ConvGeometry tile_geometry(const ConvGeometry& g, int32_t outputs) {
  ConvGeometry t = g;
  t.kernel_w = (outputs - 1) * g.stride_w + g.kernel_w;
  t.stride_w = outputs * g.stride_w;
  t.out_w = (g.out_w + outputs - 1) / outputs;
  return t;
}

// With a multiplier, or more taps than pointers, neither of which is frequent: plain loops.
void run_plain_pixel(const DepthwiseF32& conv, const void* const* pointers, TapRange taps, float* y) {
  const size_t channels = static_cast<size_t>(conv.geometry.out_c), multiplier = channels / static_cast<size_t>(conv.geometry.in_c);
  const bool first = taps.begin == 0, last = taps.end == conv.geometry.taps();
  for (size_t o = 0; o < channels; ++o) {
    float sum = first ? conv.bias[o] : y[o];
    for (size_t t = 0; t < taps.size(); ++t)
      sum += static_cast<const float*>(pointers[t])[o / multiplier] * conv.weights[(taps.begin + t) * round_up(channels) + o];
    if (last) sum = sum < conv.clamp.min ? conv.clamp.min : sum > conv.clamp.max ? conv.clamp.max : sum;
    y[o] = sum;
  }
}

void run_plain_row(const DepthwiseF32& conv, size_t row, float* y) {
  const ConvGeometry& g = conv.geometry;
  const size_t width = static_cast<size_t>(g.out_w);
  const void* pointers[kPointers];
  for (size_t x = 0; x < width; ++x)
    for (size_t begin = 0; begin < g.taps(); begin += kPointers) {
      const TapRange taps{begin, begin + kPointers < g.taps() ? begin + kPointers : g.taps()};
      tap_pointers(g, conv.input, conv.input_step * sizeof(float), conv.zeros, taps, row * width + x, 1, pointers);
      run_plain_pixel(conv, pointers, taps, y + x * conv.output_step);
    }
}

// The range of i < count for which first + i * step and the `reach` after it lie in [0, size).
struct Range {
  int32_t begin, end;
};
Range inside(int32_t first, int32_t step, int32_t count, int32_t reach, int32_t size) {
  Range r{0, count};
  while (r.begin < count && first + r.begin * step < 0) ++r.begin;
  while (r.end > r.begin && first + (r.end - 1) * step + reach >= size) --r.end;
  return r;
}

// Tiles [begin, end) of one output row: pointers are made for the first alone.
void run_tiles(const DepthwiseF32& conv, const DepthwiseF32Kernel& kernel, const ConvGeometry& tiles, size_t row, Range range, float* y) {
  const int32_t top = static_cast<int32_t>(row) % tiles.out_h * tiles.stride_h - tiles.pad_top;
  const Range ky = inside(top, tiles.dilation_h, tiles.kernel_h, 0, tiles.in_h);
  const size_t columns = static_cast<size_t>(tiles.kernel_w), first_row = static_cast<size_t>(ky.begin), outputs = static_cast<size_t>(kernel.outputs);
  const size_t pixel = static_cast<size_t>(range.begin) * outputs, pixels = static_cast<size_t>(range.end - range.begin) * outputs;
  const size_t left = static_cast<size_t>(conv.geometry.out_w) - pixel, kernel_w = static_cast<size_t>(conv.geometry.kernel_w);
  const void* pointers[kPointers];
  const DepthwiseF32Tiles args{.pointers = reinterpret_cast<const float* const*>(pointers),
                               .tile_step = static_cast<size_t>(tiles.stride_w) * conv.input_step,
                               .kernel_rows = static_cast<size_t>(ky.end - ky.begin),
                               .columns = columns,
                               .pixels = pixels < left ? pixels : left,
                               .channels = static_cast<size_t>(tiles.in_c),
                               .weights = conv.weights + first_row * kernel_w * round_up(static_cast<size_t>(tiles.in_c)),
                               .bias = conv.bias,
                               .output = y + pixel * conv.output_step,
                               .output_step = conv.output_step,
                               .clamp = conv.clamp};
  tap_pointers(tiles, conv.input, conv.input_step * sizeof(float), conv.zeros, {first_row * columns, (first_row + args.kernel_rows) * columns},
               row * static_cast<size_t>(tiles.out_w) + static_cast<size_t>(range.begin), 1, pointers);
  kernel.fn(args);
}

// Tiles that touch padding have zeros behind some pointers, which must not move: they go one by one.
void run_row(const DepthwiseF32& conv, const DepthwiseF32Kernel& kernel, size_t row, float* y) {
  const ConvGeometry tiles = tile_geometry(conv.geometry, kernel.outputs);
  const Range whole = inside(-tiles.pad_left, tiles.stride_w, tiles.out_w, (tiles.kernel_w - 1) * tiles.dilation_w, tiles.in_w);
  for (int32_t i = 0; i < whole.begin; ++i) run_tiles(conv, kernel, tiles, row, {i, i + 1}, y);
  if (whole.begin < whole.end) run_tiles(conv, kernel, tiles, row, whole, y);
  for (int32_t i = whole.end; i < tiles.out_w; ++i) run_tiles(conv, kernel, tiles, row, {i, i + 1}, y);
}

void activate(const DepthwiseF32& conv, float* y) {
  const size_t channels = static_cast<size_t>(conv.geometry.out_c), width = static_cast<size_t>(conv.geometry.out_w);
  if (conv.output_step == channels) return conv.activation(width * channels, y, y, conv.activation_params);
  for (size_t x = 0; x < width; ++x, y += conv.output_step) conv.activation(channels, y, y, conv.activation_params);
}

// Of one row of output: products, those of pixels that are not stored too, and what a tile costs besides.
int32_t row_cost(const DepthwiseF32Kernel& kernel, const ConvGeometry& g) {
  constexpr int32_t kTile = 6;
  return (g.out_w + kernel.outputs - 1) / kernel.outputs * (kernel.outputs * g.kernel_w + kTile);
}

}  // namespace

size_t depthwise_f32_blocks(const ConvGeometry& geometry) { return divide_up(output_rows(geometry), rows_per_block(geometry)); }

void depthwise_f32_block(const DepthwiseF32& conv, size_t block) {
  const ConvGeometry& g = conv.geometry;
  const DepthwiseF32Kernel& kernel = pick_depthwise_f32(g);
  const bool plain = g.out_c != g.in_c || tile_geometry(g, kernel.outputs).taps() > kPointers;
  const size_t begin = block * rows_per_block(g), end = begin + rows_per_block(g);
  for (size_t row = begin; row < end && row < output_rows(g); ++row) {
    float* y = conv.output + row * static_cast<size_t>(g.out_w) * conv.output_step;
    if (plain) {
      run_plain_row(conv, row, y);
    } else {
      run_row(conv, kernel, row, y);
    }
    if (conv.activation) activate(conv, y);
  }
}

size_t packed_depthwise_f32_size(size_t channels, size_t taps) { return taps * round_up(channels); }

void pack_depthwise_f32(size_t channels, size_t taps, const float* source, size_t tap_step, size_t channel_step, float* packed) {
  for (size_t t = 0; t < taps; ++t)
    for (size_t c = 0; c < round_up(channels); ++c) *packed++ = c < channels ? source[t * tap_step + c * channel_step] : 0;
}

std::span<const DepthwiseF32Kernel> depthwise_f32_kernels() {
  static constexpr DepthwiseF32Kernel kList[] = {
#define VERGE_KERNEL(isa, name, kernel_w, stride_w, outputs) VERGE_ON_##isa({isas::isa, #name, kernel_w, stride_w, outputs, name}, )
#include "kernels/depthwise/kernels.inc"
#undef VERGE_KERNEL
  };
  return kList;
}

const DepthwiseF32Kernel& pick_depthwise_f32(const ConvGeometry& geometry) {
  const DepthwiseF32Kernel* best = nullptr;
  for (const DepthwiseF32Kernel& kernel : depthwise_f32_kernels()) {
    if (!cpu_has(kernel.isa) || !kernel.takes(geometry)) continue;
    if (!best) best = &kernel;
    if (kernel.isa == best->isa && kernel.kernel_w == best->kernel_w && row_cost(kernel, geometry) < row_cost(*best, geometry)) best = &kernel;
  }
  return *best;
}

}  // namespace verge
