#include "kernels/vec/neon32.h"

#include "kernels/winograd/generic.h"

namespace verge {

VERGE_WINOGRAD_F32(winograd_f32_neon32)

}  // namespace verge
