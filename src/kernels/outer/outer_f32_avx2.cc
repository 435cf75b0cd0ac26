#include "kernels/vec/avx2.h"

#include "kernels/outer/generic.h"

namespace verge {

void outer_f32_6x16_avx2(size_t m, size_t n, const OuterF32& t) {
  for (size_t column = 0; column < n;) {
    const size_t left = n - column;
    if (left <= 8) return outer_columns<F32, 12, 1>(t, m, column, left);
    const size_t columns = left < 16 ? left : 16;
    outer_columns<F32, 6, 2>(t, m, column, columns);
    column += columns;
  }
}

}  // namespace verge
