#include "kernels/vec/wasm.h"

#include "kernels/depthwise/generic.h"

namespace verge {

void depthwise_f32_w3s1_wasm(const DepthwiseF32Tiles& tiles) { depthwise_tiles<F32, 3, 1, 4>(tiles); }
void depthwise_f32_w3s2_wasm(const DepthwiseF32Tiles& tiles) { depthwise_tiles<F32, 3, 2, 4>(tiles); }
void depthwise_f32_w5s1_wasm(const DepthwiseF32Tiles& tiles) { depthwise_tiles<F32, 5, 1, 4>(tiles); }
void depthwise_f32_w5s2_wasm(const DepthwiseF32Tiles& tiles) { depthwise_tiles<F32, 5, 2, 4>(tiles); }
void depthwise_f32_wasm(const DepthwiseF32Tiles& tiles) { depthwise_pixels<F32>(tiles); }

}  // namespace verge
