// f32 convolution over NHWC by indirect matrix product: no im2col buffer, any kernel, stride, dilation, padding and groups.
//
//   y[b, oy, ox, o] = activation(clamp(bias[o] + sum over ky, kx, c of x[b, iy, ix, c] * w[o, ky, kx, c] (+ residual[b, oy, ox, o])))
//
// A dense layer [m, k] x [n, k] is the pointwise convolution {.in_h = m, .in_c = k, .out_h = m, .out_c = n}.
#pragma once
#include <cstddef>

#include "base/even_blocks.h"
#include "kernels/conv_geometry.h"
#include "kernels/elementwise/unary_f32.h"
#include "kernels/gemm/igemm_f32.h"

namespace verge {

struct ConvF32 {
  ConvGeometry geometry;
  const float* input = nullptr;
  size_t input_step = 0;            // floats from a pixel to the next, at least in_c
  const float* weights = nullptr;   // pack_weights_f32 of each group, one after the other
  const float* bias = nullptr;      // pack_bias_f32 of each group, one after the other
  const float* zeros = nullptr;     // at least group_in() zeros; only read where the kernel reaches into padding
  const float* residual = nullptr;  // or null; may be output
  size_t residual_step = 0;
  float* output = nullptr;
  size_t output_step = 0;  // floats from a pixel to the next, at least out_c
  ClampF32 clamp;
  UnaryF32Fn activation = nullptr;  // applied last, in place, while the result is in the cache; null: none
  UnaryParams activation_params;
  bool any_order = false;  // of the sums (igemm_f32.h)
};

// The work falls into blocks; any thread may compute any block, in any order. The sums are the same for every `threads`.
size_t conv_f32_blocks(const ConvF32& conv, int threads);
void conv_f32_block(const ConvF32& conv, int threads, size_t block);

}  // namespace verge
