// max_pool:  y[b, oy, ox, c] = clamp(max over ky, kx of x[b, iy, ix, c])
// avg_pool:  y[b, oy, ox, c] = clamp(sum over ky, kx of x[b, iy, ix, c] / count)
//
//   x        [batch, h, w, c] in layout nhwc, [batch, c, h, w] in nchw;  iy = oy * stride - pad_top + ky * dilation; pixels outside are left out
//   kernel   [h, w];  ceil_mode: a last window that reaches beyond the padding counts, if it starts inside
//   count    the pixels inside the input; with count_include_pad those inside the input with its padding. A window without any gives 0 and -infinity.
//
// Quantised: max_pool takes the largest stored integer. avg_pool in mode tflm divides the sum of stored integers by the count, halves away from zero;
// x and y have one scale and zero point in both. avg_pool in mode onnx takes rint(float(sum - count * zx) * (scale x / scale y / count)) + zy.
#pragma once
#include "ops/op.h"
#include "ops/spatial.h"

namespace verge::ops {

// The window by the attribute kernel and those of spatial.h.
Result<Window> pool_window(const Node& node);

// Fails for integers that cannot be pooled: not quantised, or with other parameters behind than before.
Result<void> check_pool_quant(const Node& node, DataType dtype, const QuantParams& x, const QuantParams& y);

Result<void> reference_pool(ReferenceContext& context);
Result<void> lower_pool(const Node& node, Emitter& emitter);

}  // namespace verge::ops
