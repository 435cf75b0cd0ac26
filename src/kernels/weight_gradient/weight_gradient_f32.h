// The gradient of a convolution's weights over NHWC, and of its bias.
//
//   dw[o, ky, kx, c] = sum over b, oy, ox of dy[b, oy, ox, o] * x[b, iy, ix, c]        (zeros outside; c within the group of o)
//   db[o]            = sum over b, oy, ox of dy[b, oy, ox, o]
//
//   x   [batch, in_h, in_w, in_c]     dw  [out_c, kernel_h, kernel_w, in_c / groups]
//   dy  [batch, out_h, out_w, out_c]  db  [out_c] or null
//
// The pixels fall into parts that are made from shapes alone; each part has sums of its own, which are added in a fixed order at the end, so results do
// not depend on who computes what. Run all blocks, then all sums.
#pragma once
#include <cstddef>
#include <span>

#include "kernels/conv_geometry.h"
#include "kernels/select.h"

namespace verge {

struct WeightGradientF32 {
  ConvGeometry geometry;
  const float* x = nullptr;
  const float* dy = nullptr;
  float* dw = nullptr;
  float* db = nullptr;
  float* scratch = nullptr;  // weight_gradient_f32_scratch floats
};

// groups = in_c > 1 with as many outputs: one input channel an output.
bool is_depthwise_gradient(const ConvGeometry& geometry);

size_t weight_gradient_f32_scratch(const ConvGeometry& geometry);
size_t weight_gradient_f32_blocks(const ConvGeometry& geometry);
void weight_gradient_f32_block(const WeightGradientF32& args, size_t block);
size_t weight_gradient_f32_sums(const ConvGeometry& geometry);
void weight_gradient_f32_sum(const WeightGradientF32& args, size_t index);

// dw[t * dw_step + c] += sum over r < runs, p < pixels of x[r * x_run + p * x_step + offsets[t] + c] * dy[r * dy_run + p * dy_step + c]
struct ChannelOuterF32 {
  size_t runs = 1, pixels = 0, channels = 0, taps = 0;
  const size_t* offsets = nullptr;  // [taps]
  const float* x = nullptr;
  size_t x_run = 0, x_step = 0;
  const float* dy = nullptr;
  size_t dy_run = 0, dy_step = 0;
  float* dw = nullptr;
  size_t dw_step = 0;
};
using ChannelOuterF32Fn = void (*)(const ChannelOuterF32& args);

#define VERGE_KERNEL(isa, name) VERGE_ON_##isa(void name(const ChannelOuterF32& args);)
#include "kernels/weight_gradient/kernels.inc"
#undef VERGE_KERNEL

std::span<const Kernel<ChannelOuterF32Fn>> channel_outer_f32_kernels();
ChannelOuterF32Fn pick_channel_outer_f32();

}  // namespace verge
