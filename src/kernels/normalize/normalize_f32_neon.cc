#include "kernels/vec/neon.h"

#include "kernels/normalize/generic.h"

namespace verge {

void normalize_f32_neon(const NormalizeF32& args) { normalize<F32>(args); }

}  // namespace verge
