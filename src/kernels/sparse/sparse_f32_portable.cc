#include "kernels/vec/portable.h"

#include "kernels/sparse/generic.h"

namespace verge {

void sparse_f32_portable(size_t rows, size_t panel, size_t width, const SparseF32& a) { sparse_panel<2, 2>(rows, panel, width, a); }

}  // namespace verge
