#include "kernels/vec/neon.h"

#include "kernels/outer/generic.h"

namespace verge {

void outer_f32_6x16_neon(size_t m, size_t n, const OuterF32& t) {
  for (size_t column = 0; column < n;) {
    const size_t left = n - column;
    if (left <= 4) return outer_columns<F32, 12, 1>(t, m, column, left);
    if (left < 16) {
      const size_t columns = left < 8 ? left : 8;
      outer_columns<F32, 12, 2>(t, m, column, columns);
      column += columns;
    } else {
      outer_columns<F32, 6, 4>(t, m, column, 16);
      column += 16;
    }
  }
}

}  // namespace verge
