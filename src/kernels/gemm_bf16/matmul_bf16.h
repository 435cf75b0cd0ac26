// Product of two f32 matrices known only at run time, rounded to bf16: the right one is packed into scratch, then the product is a pointwise convolution.
#pragma once
#include <cstddef>

#include "kernels/gemm/matmul_f32.h"
#include "kernels/gemm_bf16/conv_bf16.h"

namespace verge {

// Bytes of one packed operand with its bias, a multiple of 64.
size_t matmul_bf16_packed_size(size_t n, size_t k);
// Packs b times `scale`, and `bias` ([n], null: zeros), which is added to every row, into `packed` (64-byte aligned).
void pack_matmul_bf16(const MatmulF32& matmul, float scale, const float* bias, void* packed);
// The geometry of such a product, and the product itself once b is packed: run its blocks with conv_bf16_block.
ConvGeometry matmul_geometry(size_t m, size_t n, size_t k);
ConvBf16 packed_matmul_bf16(const MatmulF32& matmul, const void* packed);

}  // namespace verge
