#include "kernels/vec/avx512.h"

#include "kernels/weight_gradient/generic.h"

namespace verge {

void channel_outer_f32_avx512(const ChannelOuterF32& args) { channel_outer<F32>(args); }

}  // namespace verge
