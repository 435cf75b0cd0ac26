// Convolution, depthwise convolution and dense layers of int16 activations with int8 weights, over NHWC.
//
//   acc = bias[o] + sum over ky, kx, c of x[b, iy, ix, c] * w[o, ky, kx, c]       zero points are 0; positions outside x add nothing
//   y   = clamp(multiply_wide_by_quantized_multiplier(acc, M[o]))                 64-bit bias and accumulator
//   y   = clamp(multiply_by_quantized_multiplier(acc, M[o]))                      32-bit bias and accumulator
//
// The width of the bias chooses the rule, as in TensorFlow Lite Micro. Depthwise is groups = in_c; dense is the pointwise convolution. Plain loops:
// this is the precise form of networks that need it, not the fast one.
#pragma once
#include <cstddef>
#include <cstdint>

#include "base/requant.h"
#include "kernels/conv_geometry.h"

namespace verge {

struct ConvI16 {
  ConvGeometry geometry;
  const int16_t* input = nullptr;
  size_t input_step = 0;            // values from a pixel to the next
  const int8_t* weights = nullptr;  // [out_c][kernel_h][kernel_w][in_c / groups]
  const int64_t* bias = nullptr;    // [out_c] or null: zeros; not read with narrow_bias
  const int32_t* narrow_bias = nullptr;
  bool narrow = false;                                    // 32-bit accumulator; narrow_bias or null
  const int32_t *multiplier = nullptr, *shift = nullptr;  // [out_c]
  int32_t min = -32768, max = 32767;
  int16_t* output = nullptr;
  size_t output_step = 0;
};

// Output pixels [begin, end) of the batch. Any thread may compute any pixels.
void conv_i16(const ConvI16& conv, size_t begin, size_t end);

}  // namespace verge
