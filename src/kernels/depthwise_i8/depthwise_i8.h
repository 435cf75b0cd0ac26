// Int8 depthwise convolution over NHWC: every channel has its own kernel.
//
//   acc[b, oy, ox, o] = bias[o] + sum over ky, kx of (x[b, iy, ix, o / multiplier] - zx) * (w[ky, kx, o] - zw[o])     positions outside x add nothing
//   y[b, oy, ox, o]   = requant(acc)                                                                                  kernels/requant/requant.h
//
// with multiplier = out_c / in_c. Nothing is read or written beyond the shapes. x is int8 or uint8; zero points are those of the int8 view
// (kernels/gemm_i8/gemm_i8.h).
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/conv_geometry.h"
#include "kernels/requant/requant.h"
#include "kernels/select.h"

namespace verge {

// Packed weights are [taps][round_up_columns(out_c)]; weight (tap, o) lies in the source at tap * tap_step + o * channel_step.
void pack_depthwise_i8(const ConvGeometry& geometry, const int8_t* w, size_t tap_step, size_t channel_step, int8_t* packed);
inline size_t packed_depthwise_i8_size(const ConvGeometry& geometry) { return geometry.taps() * round_up_columns(static_cast<size_t>(geometry.out_c)); }

// bias_folded[o] = bias[o] - zx * sum over taps of (w - zw[o]); [round_up_columns(out_c)]. `bias` and `w_zero_point` ([out_c]) may be null.
void fold_depthwise_i8(const ConvGeometry& geometry, const int8_t* packed, const int32_t* bias, int32_t x_zero_point, const int32_t* w_zero_point,
                       int32_t* bias_folded);

// Arrays are [round_up_columns(out_c)].
struct DepthwiseI8 {
  ConvGeometry geometry;                       // groups = in_c
  const void* input = nullptr;                 // int8, or uint8 by x_unsigned
  size_t input_step = 0;                       // bytes from a pixel to the next, at least in_c
  const int8_t* weights = nullptr;             // pack_depthwise_i8
  const int32_t* bias = nullptr;               // fold_depthwise_i8
  const int32_t* weight_zero_point = nullptr;  // null: symmetric
  const void* padding = nullptr;               // in_c bytes of the input's zero point as it is stored; only read where the kernel reaches into padding
  bool x_unsigned = false;
  void* output = nullptr;  // int8 or uint8; int32 by RequantMode::kNone
  size_t output_step = 0;  // elements from a pixel to the next, at least out_c
  Requant requant;
};

// The work falls into blocks that are made from shapes alone; any thread may compute any block, in any order.
size_t depthwise_i8_blocks(const ConvGeometry& geometry);
void depthwise_i8_block(const DepthwiseI8& conv, size_t block);

// Some output pixels of a convolution with multiplier 1 and at most kDepthwiseI8Taps taps.
inline constexpr size_t kDepthwiseI8Taps = 64;
struct DepthwiseI8Pixels {
  const void* const* pointers;  // [pixels][taps], each to all channels
  size_t pixels;
  void* output;
};
using DepthwiseI8Fn = void (*)(const DepthwiseI8& conv, const DepthwiseI8Pixels& pixels);

#define VERGE_KERNEL(isa, name) VERGE_ON_##isa(void name(const DepthwiseI8& conv, const DepthwiseI8Pixels& pixels);)
#include "kernels/depthwise_i8/kernels.inc"
#undef VERGE_KERNEL

std::span<const Kernel<DepthwiseI8Fn>> depthwise_i8_kernels();
DepthwiseI8Fn pick_depthwise_i8();

}  // namespace verge
