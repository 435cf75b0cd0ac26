#include "kernels/vec/neon.h"

#include "kernels/sparse/generic.h"

namespace verge {

void sparse_f32_neon(size_t rows, size_t panel, size_t width, const SparseF32& a) { sparse_panel<4, 4>(rows, panel, width, a); }

}  // namespace verge
