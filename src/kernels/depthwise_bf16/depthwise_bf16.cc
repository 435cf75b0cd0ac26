#include "kernels/depthwise_bf16/depthwise_bf16.h"

#include "kernels/depthwise/rows.h"

namespace verge {
namespace {

constexpr size_t kUnit = 32;

size_t place_of(size_t channel) { return channel / kUnit * kUnit + channel % 2 * (kUnit / 2) + channel % kUnit / 2; }

}  // namespace

bool depthwise_bf16_fits(const ConvGeometry& g) { return g.out_c == g.in_c && g.groups == g.in_c && g.kernel_h <= 64 && g.kernel_w <= 16; }

size_t depthwise_bf16_blocks(const ConvGeometry& geometry, int threads) { return row_blocks(geometry, threads).size(); }

void depthwise_bf16_block(const DepthwiseBf16& conv, int threads, size_t block) {
  const ConvGeometry& g = conv.geometry;
  const DepthwiseBf16Kernel& kernel = pick_tiles(depthwise_bf16_kernels(), g);
  const EvenBlocks blocks = row_blocks(g, threads);
  const size_t line = static_cast<size_t>(g.out_w) * conv.output_step;
  for (size_t row = blocks.begin(block); row < blocks.end(block); ++row) {
    run_row(conv, kernel, row, conv.output + row * line);
    if (conv.activation) (*conv.activation)(line, conv.output + row * line, conv.output + row * line);
  }
}

size_t packed_depthwise_bf16_size(size_t channels, size_t taps) { return taps * DepthwiseBf16::weights_step(channels); }

void pack_depthwise_bf16(size_t channels, size_t taps, const float* source, size_t tap_step, size_t channel_step, float* packed) {
  const size_t step = DepthwiseBf16::weights_step(channels);
  for (size_t t = 0; t < taps; ++t, packed += step)
    for (size_t c = 0; c < step; ++c) packed[place_of(c)] = c < channels ? source[t * tap_step + c * channel_step] : 0;
}

std::span<const DepthwiseBf16Kernel> depthwise_bf16_kernels() {
  static constexpr DepthwiseBf16Kernel kList[] = {
#define VERGE_KERNEL(isa, name, kernel_w, stride_w, outputs) VERGE_ON_##isa({isas::isa, #name, kernel_w, stride_w, outputs, name}, )
#include "kernels/depthwise_bf16/kernels.inc"
#undef VERGE_KERNEL
  };
  return kList;
}

}  // namespace verge
