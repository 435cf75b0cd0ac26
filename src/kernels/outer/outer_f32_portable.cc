#include "kernels/vec/portable.h"

#include "kernels/outer/generic.h"

namespace verge {

void outer_f32_4x8_portable(size_t m, size_t n, const OuterF32& t) {
  for (size_t column = 0; column < n;) {
    const size_t left = n - column;
    if (left <= 4) return outer_columns<F32, 4, 1>(t, m, column, left);
    const size_t columns = left < 8 ? left : 8;
    outer_columns<F32, 4, 2>(t, m, column, columns);
    column += columns;
  }
}

}  // namespace verge
