#include "kernels/vec/portable.h"

#include "kernels/normalize/generic.h"

namespace verge {

void normalize_f32_portable(const NormalizeF32& args) { normalize<F32>(args); }

}  // namespace verge
