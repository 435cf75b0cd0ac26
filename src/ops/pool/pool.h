// max_pool:  y[b, oy, ox, c] = clamp(max over ky, kx of x[b, iy, ix, c])
// avg_pool:  y[b, oy, ox, c] = clamp(sum over ky, kx of x[b, iy, ix, c] / count)
//
//   x        [batch, h, w, c] in layout nhwc, [batch, c, h, w] in nchw;  iy = oy * stride - pad_top + ky * dilation; pixels outside are left out
//   kernel   [h, w];  ceil_mode: a last window that reaches beyond the padding counts, if it starts inside
//   count    the pixels inside the input; with count_include_pad those inside the input with its padding. A window without any gives 0 and -infinity.
//
// Quantised: x and y have one scale and zero point. max_pool takes the largest stored integer. avg_pool divides the sum of stored integers by the
// count, halves away from zero, as TensorFlow Lite does.
#pragma once
#include "ops/op.h"
#include "ops/spatial.h"

namespace verge::ops {

// The window by the attribute kernel and those of spatial.h.
Result<Window> pool_window(const Node& node);

Result<void> reference_pool(ReferenceContext& context);
Result<void> lower_pool(const Node& node, Emitter& emitter);

}  // namespace verge::ops
