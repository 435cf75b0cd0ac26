// matmul_f32   in: a, b; y = a b for every matrix of a batch whose leading dimensions broadcast. Scratch: b packed, matmul_f32_scratch_size floats a matrix.
// matmul_plain   the same on i32 and i64, which wrap, and on f64; no scratch.
// matmul_i8   the same on i8 and u8, requantised to either. Scratch: b packed, matmul_i8_scratch_size bytes a matrix.
#pragma once
#include <cstdint>

#include "ops/product_i8_attrs.h"

namespace verge::exec {

inline constexpr int kMatmulBatchRank = 6;

struct MatmulAttrs {
  int32_t m = 1, n = 1, k = 1;
  int32_t trans_b = 0;  // b's matrices are [n, k], else [k, n]
  int32_t batch_rank = 0;
  int32_t batch[kMatmulBatchRank] = {};
  int32_t a_step[kMatmulBatchRank] = {}, b_step[kMatmulBatchRank] = {};  // in matrices; 0: broadcast
};

struct MatmulI8Attrs {
  MatmulAttrs product;
  int16_t a_zero_point = 0, b_zero_point = 0;  // as stored
  RequantAttrs requant;
  int32_t multiplier = 0, shift = 0;  // tflm
  float scale = 0;                    // onnx
};

}  // namespace verge::exec
