#include "kernels/vec/avx512.h"

#include "kernels/normalize/generic.h"

namespace verge {

void normalize_f32_avx512(const NormalizeF32& args) { normalize<F32>(args); }

}  // namespace verge
