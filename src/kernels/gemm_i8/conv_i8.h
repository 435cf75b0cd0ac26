// Int8 convolution over NHWC by indirect matrix product: no im2col buffer, any kernel, stride, dilation, padding and groups.
//
//   acc[b, oy, ox, o] = bias[o] + sum over ky, kx, c of (x[b, iy, ix, c] - zx) * (w[o, ky, kx, c] - zw[o])     positions outside x add nothing
//   y[b, oy, ox, o]   = requant(acc)                                                                            kernels/requant/requant.h
//
// A dense layer [m, k] x [n, k] is the pointwise convolution {.in_h = m, .in_c = k, .out_h = m, .out_c = n}.
#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels/conv_geometry.h"
#include "kernels/gemm_i8/gemm_i8.h"

namespace verge {

// How one group's weights are cut for packing: a run of memory that is multiplied as one is a tap (ky, kx), or, where taps are shorter than 4 bytes,
// the whole window of kernel_h * kernel_w * in_c bytes. The source is [out_c][kernel_h][kernel_w][in_c / groups] in both cases. Sizes of all groups
// together: groups * layout.bytes() of weights, groups * round_up_columns(layout.n) of each array.
GemmI8Layout conv_i8_layout(const ConvGeometry& geometry, bool nibbles = false);

// All groups: pack_gemm_i8 and fold_gemm_i8 of each, one after the other. `bias` and `w_zero_point` may be null; x_zero_point in the int8 view.
void pack_conv_i8(const ConvGeometry& geometry, bool nibbles, const int8_t* w, int8_t* packed);
void fold_conv_i8(const ConvGeometry& geometry, const int8_t* w, const int32_t* bias, int32_t x_zero_point, const int32_t* w_zero_point, int32_t* bias_folded,
                  int32_t* column_sum);

// Spreads a value per output channel to the kernels' order: out[group * round_up_columns(n) + i] = in[group * n + i], zeros between.
template <typename T> void spread_columns(const ConvGeometry& geometry, const T* in, T* out) {
  const size_t n = geometry.group_out(), padded = round_up_columns(n);
  for (size_t i = 0; i < static_cast<size_t>(geometry.groups) * padded; ++i) out[i] = i % padded < n ? in[i / padded * n + i % padded] : T{};
}

struct ConvI8 {
  ConvGeometry geometry;
  int threads = 2;  // 1: blocks as large as the cache likes them, else enough of them for any number
  const void* input = nullptr;                 // int8, or uint8 by x_unsigned
  size_t input_step = 0;                       // bytes from a pixel to the next, at least in_c
  const int8_t* weights = nullptr;             // pack_conv_i8, 64-byte aligned
  bool nibbles = false;                        // as packed
  const int32_t* bias = nullptr;               // fold_conv_i8
  ColumnSums column_sum;                       // fold_conv_i8
  const int32_t* weight_zero_point = nullptr;  // spread_columns; null: symmetric
  const void* padding = nullptr;               // layout.k bytes of the input's zero point as it is stored; only read where the kernel reaches into padding
  bool x_unsigned = false;
  void* output = nullptr;  // int8 or uint8; int32 by RequantMode::kNone
  size_t output_step = 0;  // elements from a pixel to the next, at least out_c
  Requant requant;         // arrays by spread_columns
};

// Any thread may compute any block, in any order; how the work is cut changes no bit.
size_t conv_i8_blocks(const ConvGeometry& geometry, int threads = 2);
void conv_i8_block(const ConvI8& conv, size_t block);

}  // namespace verge
