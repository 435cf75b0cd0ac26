#include "kernels/vec/avx2.h"

#include "kernels/gemm/generic.h"

namespace verge {

void igemm_f32_6x16_avx2(size_t m, size_t n, const IgemmF32& a) {
  for (size_t column = m == 1 ? sweep_one_row<F32>(a, n) : 0; column < n; column += 16) {
    const size_t left = n - column;
    if (left <= 8) return sweep_rows<F32, 12, 1>(a, m, column, left);
    sweep_rows<F32, 6, 2>(a, m, column, left < 16 ? left : 16);
  }
}

}  // namespace verge
