// Depthwise convolution over NHWC whose input and output are bf16, products and sums f32: depthwise_f32.h with in_c = out_c and no activation. A sum is
// rounded once, when it is stored.
#pragma once
#include <cstdint>

#include "kernels/depthwise/depthwise_f32.h"
#include "kernels/unary_bf16/unary_bf16.h"

namespace verge {

struct DepthwiseBf16 {
  ConvGeometry geometry;  // groups = in_c = out_c
  const uint16_t* input = nullptr;
  size_t input_step = 0;           // elements from a pixel to the next, at least in_c
  const float* weights = nullptr;  // pack_depthwise_bf16
  const float* bias = nullptr;     // the same of one tap
  const uint16_t* zeros = nullptr;  // at least in_c zeros
  uint16_t* output = nullptr;
  size_t output_step = 0;
  ClampF32 clamp;
  const UnaryBf16* activation = nullptr;  // or null; of what is stored, pixels side by side

  static size_t weights_step(size_t channels) { return (channels + 31) / 32 * 32; }  // of packed weights, from a tap to the next
};

// What it takes: one output a channel, and windows whose pointers fit the stack.
bool depthwise_bf16_fits(const ConvGeometry& geometry);
// The work falls into blocks that are made from shapes alone; any thread may compute any block, in any order.
size_t depthwise_bf16_blocks(const ConvGeometry& geometry, int threads);
void depthwise_bf16_block(const DepthwiseBf16& conv, int threads, size_t block);

// Packed weights are [taps][channels rounded up to 32], of each 32 the 16 even channels and then the odd ones: half of a register of bf16 is a float as it
// stands. Channel o of tap t lies in the source at t * tap_step + o * channel_step.
size_t packed_depthwise_bf16_size(size_t channels, size_t taps);
void pack_depthwise_bf16(size_t channels, size_t taps, const float* source, size_t tap_step, size_t channel_step, float* packed);

using DepthwiseBf16Tiles = DepthwiseTiles<uint16_t>;
using DepthwiseBf16Fn = void (*)(const DepthwiseBf16Tiles& tiles);
using DepthwiseBf16Kernel = DepthwiseKernel<DepthwiseBf16Fn>;

#define VERGE_KERNEL(isa, name, kernel_w, stride_w, outputs) VERGE_ON_##isa(void name(const DepthwiseBf16Tiles& tiles);)
#include "kernels/depthwise_bf16/kernels.inc"
#undef VERGE_KERNEL

std::span<const DepthwiseBf16Kernel> depthwise_bf16_kernels();

}  // namespace verge
