#include "kernels/vec/avx512.h"

#include "kernels/outer/generic.h"

namespace verge {

// 24 accumulators: two or three registers across; what is left takes one with 16 rows.
void outer_f32_12x32_avx512(size_t m, size_t n, const OuterF32& t) {
  for (size_t column = 0; column < n;) {
    const size_t left = n - column;
    if (left <= 16) return outer_columns<F32, 16, 1>(t, m, column, left);
    if (left > 32 && left <= 48) return outer_columns<F32, 8, 3>(t, m, column, left);
    const size_t columns = left < 32 ? left : 32;
    outer_columns<F32, 12, 2>(t, m, column, columns);
    column += columns;
  }
}

}  // namespace verge
