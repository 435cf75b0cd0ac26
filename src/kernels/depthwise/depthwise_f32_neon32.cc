#include "kernels/vec/neon32.h"

#include "kernels/depthwise/generic.h"

namespace verge {

void depthwise_f32_w3s1_neon32(const DepthwiseF32Tiles& tiles) { depthwise_tiles<F32, 3, 1, 4>(tiles); }
void depthwise_f32_w3s2_neon32(const DepthwiseF32Tiles& tiles) { depthwise_tiles<F32, 3, 2, 4>(tiles); }
void depthwise_f32_w5s1_neon32(const DepthwiseF32Tiles& tiles) { depthwise_tiles<F32, 5, 1, 4>(tiles); }
void depthwise_f32_w5s2_neon32(const DepthwiseF32Tiles& tiles) { depthwise_tiles<F32, 5, 2, 4>(tiles); }
void depthwise_f32_neon32(const DepthwiseF32Tiles& tiles) { depthwise_pixels<F32>(tiles); }

}  // namespace verge
