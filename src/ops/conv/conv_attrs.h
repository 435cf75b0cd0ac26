// Convolution over NHWC tensors.
//
//   conv_f32, depthwise_f32   in: x, weights, bias[, residual (conv_f32 only)]; scratch: zeros for one pixel, unless the window is pointwise
//
//   conv_winograd_f32         the same; scratch: winograd_f32_scratch_size floats a thread
//
//   conv_bf16                 the same; weights in bf16 by kernels/gemm_bf16, bias as above; scratch: conv_bf16_scratch_size bytes a thread. x, residual
//                             and y may be bf16; where y is, a function may follow (ops/activated_attrs.h)
//   depthwise_f32 of bf16     x and y bf16, weights and bias f32 by kernels/depthwise_bf16; scratch: zeros for one pixel; a function may follow
//
//   conv_i8, depthwise_i8     in and scratch: ops/product_i8_attrs.h
//
// f32 weights and bias lie in the packing of kernels/gemm/pack_f32.h, one group after the other, or kernels/depthwise/depthwise_f32.h.
#pragma once
#include "ops/product_i8_attrs.h"
#include "ops/window_attrs.h"

namespace verge::exec {

struct ConvF32Attrs {
  WindowAttrs window;
  int32_t groups = 1;
  float clamp_min = 0, clamp_max = 0;
};

struct ConvI8Attrs {
  WindowAttrs window;
  int32_t groups = 1;
  ProductI8Attrs product;
};

}  // namespace verge::exec
