#include "kernels/vec/wasm.h"

#include "kernels/gemm/generic.h"

namespace verge {

void igemm_f32_4x8_wasm(size_t m, size_t n, const IgemmF32& a) {
  for (size_t column = m == 1 ? sweep_one_row<F32>(a, n) : 0; column < n; column += 8) {
    const size_t left = n - column;
    sweep_rows<F32, 4, 2>(a, m, column, left < 8 ? left : 8);
  }
}

}  // namespace verge
