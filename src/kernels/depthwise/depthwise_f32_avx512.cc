#include "kernels/vec/avx512.h"

#include "kernels/depthwise/lines.h"

namespace verge {

void depthwise_f32_w3s1_avx512(const DepthwiseF32Tiles& tiles) { depthwise_tiles<F32, 3, 1, 4>(tiles); }
void depthwise_f32_w3s1x5_avx512(const DepthwiseF32Tiles& tiles) { depthwise_tiles<F32, 3, 1, 5>(tiles); }
void depthwise_f32_w3s1x7_avx512(const DepthwiseF32Tiles& tiles) { depthwise_tiles<F32, 3, 1, 7>(tiles); }
void depthwise_f32_w3s2_avx512(const DepthwiseF32Tiles& tiles) { depthwise_tiles<F32, 3, 2, 4>(tiles); }
void depthwise_f32_w3s2x7_avx512(const DepthwiseF32Tiles& tiles) { depthwise_tiles<F32, 3, 2, 7>(tiles); }
void depthwise_f32_w5s1_avx512(const DepthwiseF32Tiles& tiles) { depthwise_tiles<F32, 5, 1, 4>(tiles); }
void depthwise_f32_w5s1x7_avx512(const DepthwiseF32Tiles& tiles) { depthwise_tiles<F32, 5, 1, 7>(tiles); }
void depthwise_f32_w5s2_avx512(const DepthwiseF32Tiles& tiles) { depthwise_tiles<F32, 5, 2, 4>(tiles); }
void depthwise_f32_avx512(const DepthwiseF32Tiles& tiles) { depthwise_pixels<F32>(tiles); }
void depthwise_f32_lines_k3s1_avx512(const DepthwiseF32Lines& lines) { depthwise_lines<F32, 3, 1>(lines); }
void depthwise_f32_lines_k3s2_avx512(const DepthwiseF32Lines& lines) { depthwise_lines<F32, 3, 2>(lines); }
void depthwise_f32_lines_k5s1_avx512(const DepthwiseF32Lines& lines) { depthwise_lines<F32, 5, 1>(lines); }
void depthwise_f32_lines_k5s2_avx512(const DepthwiseF32Lines& lines) { depthwise_lines<F32, 5, 2>(lines); }

}  // namespace verge
