// f32 matrix product with both operands known only at run time: the right one is packed into scratch, then the product is a pointwise convolution.
//
//   y[i, j] = clamp(sum over c < k of a[i, c] * b[c, j], min, max)
#pragma once
#include <cstddef>

#include "kernels/gemm/conv_f32.h"

namespace verge {

struct MatmulF32 {
  size_t m, n, k;
  const float* a;
  size_t a_step;  // floats from a row of a to the next; each row is contiguous
  const float* b;
  size_t b_row_step;     // floats from b[c, j] to b[c + 1, j]
  size_t b_column_step;  // floats from b[c, j] to b[c, j + 1]; one of the steps is 1
  float* y;
  size_t y_step;
  ClampF32 clamp = {};
};

// Floats of scratch, best aligned to 64 bytes.
size_t matmul_f32_scratch_size(size_t n, size_t k);

// Packs b into `scratch`.
void pack_matmul_f32(const MatmulF32& matmul, float* scratch);
// The product as a convolution, once b is packed: run its conv_f32_blocks(result, threads) blocks with conv_f32_block; residual and activation may be
// added to it. `scratch`, a and y stay until then.
ConvF32 packed_matmul_f32(const MatmulF32& matmul, const float* scratch);

}  // namespace verge
