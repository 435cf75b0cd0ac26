#include "kernels/vec/avx512.h"

#include "kernels/winograd/generic.h"

namespace verge {

VERGE_WINOGRAD_F32(winograd_f32_avx512)

}  // namespace verge
