#include "kernels/gemm/matmul_f32.h"

#include "kernels/gemm/pack_f32.h"

namespace verge {

size_t matmul_f32_scratch_size(size_t n, size_t k) { return packed_weights_f32_size(n, 1, k) + packed_bias_f32_size(n); }

void pack_matmul_f32(const MatmulF32& p, float* scratch) {
  pack_weights_f32(p.n, 1, p.k, p.b, {.n = p.b_column_step, .tap = 0, .k = p.b_row_step}, scratch);
  pack_bias_f32(p.n, nullptr, scratch + packed_weights_f32_size(p.n, 1, p.k));
}

ConvF32 packed_matmul_f32(const MatmulF32& p, const float* scratch) {
  const int32_t m = static_cast<int32_t>(p.m);
  return {.geometry = {.in_h = m, .in_c = static_cast<int32_t>(p.k), .out_h = m, .out_c = static_cast<int32_t>(p.n)},
          .input = p.a,
          .input_step = p.a_step,
          .weights = scratch,
          .bias = scratch + packed_weights_f32_size(p.n, 1, p.k),
          .output = p.y,
          .output_step = p.y_step,
          .clamp = p.clamp};
}

}  // namespace verge
