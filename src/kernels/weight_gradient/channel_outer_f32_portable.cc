#include "kernels/vec/portable.h"

#include "kernels/weight_gradient/generic.h"

namespace verge {

void channel_outer_f32_portable(const ChannelOuterF32& args) { channel_outer<F32>(args); }

}  // namespace verge
