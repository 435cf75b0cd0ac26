#include "kernels/vec/wasm.h"

#include "kernels/winograd/generic.h"

namespace verge {

VERGE_WINOGRAD_F32(winograd_f32_wasm)

}  // namespace verge
