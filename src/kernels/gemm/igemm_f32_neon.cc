#include "kernels/vec/neon.h"

#include "kernels/gemm/generic.h"

namespace verge {

// Half a panel at a time: 16 accumulators, 2 registers of weights and 8 of inputs.
void igemm_f32_8x8_neon(size_t m, size_t n, const IgemmF32& a) {
  for (size_t column = m == 1 ? sweep_one_row<F32>(a, n) : 0; column < n; column += 8) {
    const size_t left = n - column;
    sweep_rows<F32, 8, 2>(a, m, column, left < 8 ? left : 8);
  }
}

}  // namespace verge
