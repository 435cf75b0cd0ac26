#include "kernels/vec/avx512.h"

#include "kernels/sparse/generic.h"

namespace verge {

void sparse_f32_avx512(size_t rows, size_t panel, size_t width, const SparseF32& a) { sparse_panel<8, 8>(rows, panel, width, a); }

}  // namespace verge
