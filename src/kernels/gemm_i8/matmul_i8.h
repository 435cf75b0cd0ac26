// Matrix product of two int8 or uint8 matrices of which neither is constant:
//
//   y[i, j] = requant(sum over c < k of (a[i, c] - za) * (b[c, j] - zb))        kernels/requant/requant.h
//
// b is packed as weights at run time; then the product is a convolution (conv_i8.h). Zero points are those of the int8 view.
#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels/gemm_i8/conv_i8.h"

namespace verge {

struct MatmulI8 {
  size_t m = 0, n = 0, k = 0;
  const void* a = nullptr;  // [m, k]
  bool a_unsigned = false;
  int32_t a_zero_point = 0;
  const void* b = nullptr;  // element (c, j) at c * b_row_step + j * b_column_step
  size_t b_row_step = 0, b_column_step = 1;
  bool b_unsigned = false;
  int32_t b_zero_point = 0;
  void* y = nullptr;  // [m, n], int8 or uint8
  Requant requant;    // arrays are not read: every column has the values below
  Multiplier multiplier;  // tflm
  float scale = 0;        // onnx
};

// Bytes that one packed b takes, at 64-byte boundaries.
size_t matmul_i8_scratch_size(size_t n, size_t k);
void pack_matmul_i8(const MatmulI8& product, void* scratch);
// The product over what pack_matmul_i8 left in `scratch`.
ConvI8 packed_matmul_i8(const MatmulI8& product, const void* scratch);

}  // namespace verge
