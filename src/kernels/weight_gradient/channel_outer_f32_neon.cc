#include "kernels/vec/neon.h"

#include "kernels/weight_gradient/generic.h"

namespace verge {

void channel_outer_f32_neon(const ChannelOuterF32& args) { channel_outer<F32>(args); }

}  // namespace verge
