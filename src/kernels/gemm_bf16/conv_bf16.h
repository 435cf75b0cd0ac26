// Convolution over NHWC whose products are of bf16: what is f32 is rounded while it is copied, weights were rounded when they were packed.
//
//   y[b, oy, ox, o] = clamp(bias[o] + sum over ky, kx, c of bf16(x[b, iy, ix, c]) * w[o, ky, kx, c] (+ residual[b, oy, ox, o]))
//
// x, residual and y are f32 or bf16 each. A dense layer [m, k] x [n, k] is the pointwise convolution {.in_h = m, .in_c = k, .out_h = m, .out_c = n}.
#pragma once
#include <cstddef>

#include "kernels/conv_geometry.h"
#include "kernels/gemm_bf16/gemm_bf16.h"
#include "kernels/unary_bf16/unary_bf16.h"

namespace verge {

struct ConvBf16 {
  ConvGeometry geometry;
  Reals input;
  size_t input_step = 0;              // elements from a pixel to the next, at least in_c
  const uint16_t* weights = nullptr;  // pack_weights_bf16 of each group, k = taps * group_in, one after the other; 64-byte aligned
  const float* bias = nullptr;        // padded_n_bf16(group_out) of each group, one after the other
  Reals residual;                     // or null; may be output
  size_t residual_step = 0;
  RealsOut output;
  size_t output_step = 0;  // elements from a pixel to the next, at least out_c
  ClampF32 clamp;
  const UnaryBf16* activation = nullptr;  // or null; of what is stored, where the output is bf16
};

// What it does not take is left to conv_f32.h: windows of so many taps that their runs do not fit the stack.
bool conv_bf16_fits(const ConvGeometry& geometry);

// Bytes of scratch that one thread needs, a multiple of 64.
size_t conv_bf16_scratch_size(const ConvGeometry& geometry);
// The work falls into blocks, cut for so many threads; results do not depend on the cut. `scratch` is 64-byte aligned.
size_t conv_bf16_blocks(const ConvBf16& conv, int threads);
void conv_bf16_block(const ConvBf16& conv, int threads, size_t block, void* scratch);

}  // namespace verge
