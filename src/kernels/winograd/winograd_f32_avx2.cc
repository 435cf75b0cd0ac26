#include "kernels/vec/avx2.h"

#include "kernels/winograd/generic.h"

namespace verge {

VERGE_WINOGRAD_F32(winograd_f32_avx2)

}  // namespace verge
