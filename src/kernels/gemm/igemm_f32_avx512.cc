#include "kernels/vec/avx512.h"

#include "kernels/gemm/even.h"

namespace verge {

// Two panels at a time fill 24 accumulators with 12 rows; three odd ones do with 8.
void igemm_f32_12x32_avx512(size_t m, size_t n, const IgemmF32& a) {
  for (size_t column = m == 1 ? sweep_one_row<F32>(a, n) : 0; column < n;) {
    const size_t left = n - column;
    if (left <= 16) return sweep_rows<F32, 12, 1>(a, m, column, left);
    if (left > 32 && left <= 48) return sweep_rows<F32, 8, 3>(a, m, column, left);
    sweep_rows<F32, 12, 2>(a, m, column, left < 32 ? left : 32);
    column += 32;
  }
}

void igemm_even_f32_avx512(size_t m, size_t n, const IgemmF32& a) {
  for (size_t column = 0; column < n; column += 32) {
    const size_t left = n - column;
    if (left <= 16) return sweep_even<F32, 16, 1>(a, m, column, left);
    sweep_even<F32, 12, 2>(a, m, column, left < 32 ? left : 32);
  }
}

}  // namespace verge
