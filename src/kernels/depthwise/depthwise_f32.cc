#include "kernels/depthwise/depthwise_f32.h"

#include <iterator>

#include "kernels/depthwise/rows.h"

namespace verge {
namespace {

// With a multiplier, or more taps than pointers, neither of which is frequent: plain loops.
void run_plain_pixel(const DepthwiseF32& conv, const void* const* pointers, TapRange taps, float* y) {
  const size_t channels = static_cast<size_t>(conv.geometry.out_c), multiplier = channels / static_cast<size_t>(conv.geometry.in_c);
  const bool first = taps.begin == 0, last = taps.end == conv.geometry.taps();
  for (size_t o = 0; o < channels; ++o) {
    float sum = first ? conv.bias[o] : y[o];
    for (size_t t = 0; t < taps.size(); ++t)
      sum += static_cast<const float*>(pointers[t])[o / multiplier] * conv.weights[(taps.begin + t) * DepthwiseF32::weights_step(channels) + o];
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

size_t at_most(size_t a, size_t b) { return a < b ? a : b; }

void activate(const DepthwiseF32& conv, float* y) {
  const size_t channels = static_cast<size_t>(conv.geometry.out_c), width = static_cast<size_t>(conv.geometry.out_w);
  if (conv.output_step == channels) return conv.activation(width * channels, y, y, conv.activation_params);
  for (size_t x = 0; x < width; ++x, y += conv.output_step) conv.activation(channels, y, y, conv.activation_params);
}

constexpr size_t kLineBytes = 24 * 1024;  // of input rows that one line needs: they stay in the level 1 cache for the next line
constexpr size_t kCacheBytes = 2 * 1024 * 1024;

// As measured on Sapphire Rapids: outputs at the ends of a line cost more than in tiles, and so do jumps from pixel to pixel through what is larger than
// the level 2 cache, or, where neighbouring lines overlap much, through many channels.
bool lines_pay(const ConvGeometry& g) {
  const Range whole = inside(-g.pad_left, g.stride_w, g.out_w, g.kernel_w - 1, g.in_w);
  const size_t bytes = static_cast<size_t>(g.in_h) * static_cast<size_t>(g.in_w) * static_cast<size_t>(g.in_c) * sizeof(float);
  if (g.stride_w > 1) return (whole.end - whole.begin) * 10 >= g.out_w * 7 && bytes <= kCacheBytes;
  return (whole.end - whole.begin) * 10 >= g.out_w * 8 && bytes <= kCacheBytes / 2 && g.in_c <= 64;
}

const DepthwiseF32LinesKernel* pick_lines(const ConvGeometry& g) {
  if (!lines_pay(g)) return nullptr;
  for (const DepthwiseF32LinesKernel& kernel : depthwise_f32_lines_kernels())
    if (cpu_has(kernel.isa) && kernel.takes(g)) return &kernel;
  return nullptr;
}

// Lines [row, end) of one picture: all lines of a few channels, then those of the next.
void run_lines(const DepthwiseF32& conv, const DepthwiseF32LinesKernel& kernel, size_t row, size_t end) {
  const ConvGeometry& g = conv.geometry;
  const size_t picture = row / static_cast<size_t>(g.out_h), channels = static_cast<size_t>(g.in_c), pixels = static_cast<size_t>(g.in_h) * static_cast<size_t>(g.in_w);
  const Range inside_line = inside(-g.pad_left, g.stride_w, g.out_w, g.kernel_w - 1, g.in_w);
  DepthwiseF32Lines args{.input = conv.input + picture * pixels * conv.input_step,
                         .input_step = conv.input_step,
                         .row_step = static_cast<size_t>(g.in_w) * conv.input_step,
                         .in_h = static_cast<size_t>(g.in_h),
                         .in_w = static_cast<size_t>(g.in_w),
                         .pad_top = static_cast<size_t>(g.pad_top),
                         .pad_left = static_cast<size_t>(g.pad_left),
                         .weights = conv.weights,
                         .weights_step = DepthwiseF32::weights_step(channels),
                         .bias = conv.bias,
                         .channels = 0,
                         .output = conv.output + row * static_cast<size_t>(g.out_w) * conv.output_step,
                         .output_step = conv.output_step,
                         .out_w = static_cast<size_t>(g.out_w),
                         .first = row % static_cast<size_t>(g.out_h),
                         .lines = end - row,
                         .inside_begin = static_cast<size_t>(inside_line.begin),
                         .inside_end = static_cast<size_t>(inside_line.end),
                         .clamp = conv.clamp};
  const size_t fit = kLineBytes / (static_cast<size_t>(g.kernel_h * g.in_w) * 16 * sizeof(float)), step = (fit < 1 ? 1 : fit) * 16;
  for (size_t c = 0; c < channels; c += step) {
    args.channels = channels - c < step ? channels - c : step;
    kernel.fn(args);
    args.input += step, args.weights += step, args.bias += step, args.output += step;
  }
}

void run_rows(const DepthwiseF32& conv, size_t row, size_t end) {
  const ConvGeometry& g = conv.geometry;
  if (const DepthwiseF32LinesKernel* lines = pick_lines(g)) return run_lines(conv, *lines, row, end);
  const DepthwiseF32Kernel& kernel = pick_depthwise_f32(g);
  const bool plain = g.out_c != g.in_c || tile_geometry(g, kernel.outputs).taps() > kPointers;
  for (; row < end; ++row) {
    float* y = conv.output + row * static_cast<size_t>(g.out_w) * conv.output_step;
    if (plain) {
      run_plain_row(conv, row, y);
    } else {
      run_row(conv, kernel, row, y);
    }
  }
}

}  // namespace

size_t depthwise_f32_blocks(const ConvGeometry& geometry, int threads) { return row_blocks(geometry, threads).size(); }

void depthwise_f32_block(const DepthwiseF32& conv, int threads, size_t block) {
  const ConvGeometry& g = conv.geometry;
  const EvenBlocks blocks = row_blocks(g, threads);
  const size_t height = static_cast<size_t>(g.out_h), last = blocks.end(block);
  for (size_t row = blocks.begin(block); row < last;) {
    const size_t end = at_most(last, (row / height + 1) * height);
    run_rows(conv, row, end);
    for (; row < end; ++row)
      if (conv.activation) activate(conv, conv.output + row * static_cast<size_t>(g.out_w) * conv.output_step);
  }
}

size_t packed_depthwise_f32_size(size_t channels, size_t taps) { return taps * DepthwiseF32::weights_step(channels); }

void pack_depthwise_f32(size_t channels, size_t taps, const float* source, size_t tap_step, size_t channel_step, float* packed) {
  for (size_t t = 0; t < taps; ++t)
    for (size_t c = 0; c < DepthwiseF32::weights_step(channels); ++c) *packed++ = c < channels ? source[t * tap_step + c * channel_step] : 0;
}

std::span<const DepthwiseF32Kernel> depthwise_f32_kernels() {
  static constexpr DepthwiseF32Kernel kList[] = {
#define VERGE_KERNEL(isa, name, kernel_w, stride_w, outputs) VERGE_ON_##isa({isas::isa, #name, kernel_w, stride_w, outputs, name}, )
#include "kernels/depthwise/kernels.inc"
#undef VERGE_KERNEL
  };
  return kList;
}

std::span<const DepthwiseF32LinesKernel> depthwise_f32_lines_kernels() {
  static constexpr DepthwiseF32LinesKernel kList[] = {
#define VERGE_KERNEL(isa, name, kernel, stride) VERGE_ON_##isa({isas::isa, #name, kernel, stride, name}, )
#include "kernels/depthwise/lines.inc"
#undef VERGE_KERNEL
      {},  // a list of none has no type
  };
  return std::span(kList).first(std::size(kList) - 1);
}

bool DepthwiseF32LinesKernel::takes(const ConvGeometry& g) const {
  const bool square = g.kernel_h == kernel && g.kernel_w == kernel && g.stride_h == stride && g.stride_w == stride && g.dilation_h == 1 && g.dilation_w == 1;
  // The last output's kernel begins inside the input.
  const bool touches = g.pad_top >= 0 && g.pad_left >= 0 && g.pad_top < kernel && g.pad_left < kernel && (g.out_h - 1) * stride - g.pad_top < g.in_h && (g.out_w - 1) * stride - g.pad_left < g.in_w;
  return square && touches && g.in_c == g.out_c;
}

const DepthwiseF32Kernel& pick_depthwise_f32(const ConvGeometry& geometry) { return pick_tiles(depthwise_f32_kernels(), geometry); }

}  // namespace verge
