#include "kernels/depthwise/depthwise_f32.h"

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

void activate(const DepthwiseF32& conv, float* y) {
  const size_t channels = static_cast<size_t>(conv.geometry.out_c), width = static_cast<size_t>(conv.geometry.out_w);
  if (conv.output_step == channels) return conv.activation(width * channels, y, y, conv.activation_params);
  for (size_t x = 0; x < width; ++x, y += conv.output_step) conv.activation(channels, y, y, conv.activation_params);
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

const DepthwiseF32Kernel& pick_depthwise_f32(const ConvGeometry& geometry) { return pick_tiles(depthwise_f32_kernels(), geometry); }

}  // namespace verge
