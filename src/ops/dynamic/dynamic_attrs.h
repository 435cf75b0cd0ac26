// Convolution and dense layers of real activations with int8 weights on the device: activations are quantised as they come (kernels/dynamic_i8/dynamic_i8.h).
//
//   in: 0 x f32   1 packed weights i8   2 zeros i32, one for each packed column   3 column sums i32, likewise   4 scales of the weights f32 [out]
//       5 column sums i32 [out]         6 bias f32 [out], may be absent           out: y f32
//   scratch: dynamic_scratch_bytes
// Weights as in conv_i8 or depthwise_i8. A convolution has a scale for each image of the batch, a dense layer one for each row.
#pragma once
#include "kernels/gemm_i8/conv_i8.h"
#include "ops/window_attrs.h"

namespace verge::exec {

struct DynamicAttrs {
  WindowAttrs window;  // not read for a dense layer
  int32_t groups = 1;
  uint32_t symmetric = 0;
  float clamp_min = 0, clamp_max = 0;
};

// The bytes of one image, and of what padding shows; or all rows.
inline size_t dynamic_scratch_bytes(const ConvGeometry& g) {
  const size_t image = g.in_pixels() / static_cast<size_t>(g.batch) * static_cast<size_t>(g.in_c);
  return (image + 63) / 64 * 64 + static_cast<size_t>(g.in_c) * g.taps();
}

}  // namespace verge::exec
