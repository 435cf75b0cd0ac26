// y[b, oy, ox, o] = clamp(bias[o] + sum over ky, kx, c of x[b, iy, ix, c] * w[o, ky, kx, c] (+ residual[b, oy, ox, o]))
//
//   x         [batch, h, w, c] in layout nhwc, [batch, c, h, w] in nchw;  iy = oy * stride - pad_top + ky * dilation, zero outside
//   w         [out, kh, kw, c / groups] in either layout; output o reads the channels of group o / (out / groups)
//   bias      [out]; quantised: i32 of scale x * w
//   residual  y's shape and layout; float only
//
// Quantised: i8 or u8 x and y, i8 or u8 w with one scale and zero point or one for each o; sums in int32, then requantised (docs/integer.md).
#pragma once
#include "ops/op.h"
#include "ops/spatial.h"

namespace verge::ops {

// The geometry of a node whose types are static; x, w and y as the node has them.
Result<ConvGeometry> conv_geometry(const Node& node, const Shape& x, const Shape& w, const Shape& y);

Result<void> reference_conv(ReferenceContext& context);
Result<void> lower_conv(const Node& node, Emitter& emitter);

}  // namespace verge::ops
