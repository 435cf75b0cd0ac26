#include "kernels/vec/neon.h"

#include "kernels/winograd/generic.h"

namespace verge {

VERGE_WINOGRAD_F32(winograd_f32_neon)

}  // namespace verge
