#include "kernels/vec/wasm.h"

#include "kernels/normalize/generic.h"

namespace verge {

void normalize_f32_wasm(const NormalizeF32& args) { normalize<F32>(args); }

}  // namespace verge
