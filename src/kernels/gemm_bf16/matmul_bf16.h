// Product of two matrices known only at run time, f32 or bf16, in bf16: the right one is packed into scratch, then the product is a pointwise convolution.
#pragma once
#include <cstddef>

#include "kernels/gemm_bf16/conv_bf16.h"

namespace verge {

// y[i, j] = clamp(sum over c < k of bf16(a[i, c]) * bf16(b[c, j])).
struct MatmulBf16 {
  size_t m = 0, n = 0, k = 0;
  Reals a;
  size_t a_step = 0;  // elements from a row to the next
  Reals b;            // element (c, j) lies at c * b_row_step + j * b_column_step; one of the steps is 1
  size_t b_row_step = 0, b_column_step = 0;
  RealsOut y;
  size_t y_step = 0;
  ClampF32 clamp;
};

// Bytes of one packed operand with its bias, a multiple of 64.
size_t matmul_bf16_packed_size(size_t n, size_t k);
// Packs b, and zeros for the bias, into `packed` (64-byte aligned).
void pack_matmul_bf16(const MatmulBf16& matmul, void* packed);
// The geometry of such a product, and the product itself once b is packed: run its blocks with conv_bf16_block.
ConvGeometry matmul_geometry(size_t m, size_t n, size_t k);
ConvBf16 packed_matmul_bf16(const MatmulBf16& matmul, const void* packed);

}  // namespace verge
