// Gradients of a convolution y = conv(x, w); attributes as conv's, channels last.
//
//   conv_input_gradient    (dy, w) -> dx            attribute shape: x's.   dx[b, iy, ix, c] = sum over o, ky, kx of dy[b, oy, ox, o] * w[o, ky, kx, c]
//   conv_weight_gradient   (x, dy) -> dw, db        attribute kernel: [h, w]. dw[o, ky, kx, c] = sum over b, oy, ox of dy[b, oy, ox, o] * x[b, iy, ix, c]
//   dense_weight_gradient  (x, dy) -> dw, db        dw[n, k] = sum over rows of dy[.., n] * x[.., k]
//
// The input's gradient is a convolution over dy with the kernel turned round; with stride s it falls into s * s such convolutions, one for each phase of
// the input's pixels, that are interleaved.
#pragma once
#include "exec/op_codes.h"
#include "ops/conv/conv.h"
#include "ops/conv/conv_attrs.h"
#include "ops/conv/pack_attrs.h"

namespace verge::ops {

// Emits what packs weights that are computed at run time; `packed_floats` as the packing says.
TensorRef emit_pack(Emitter& emitter, TensorRef source, const exec::PackF32Attrs& attrs, size_t packed_floats);
// The packing of all taps in order, as a convolution of this geometry reads it.
exec::PackF32Attrs pack_attrs(const ConvGeometry& geometry, exec::PackKind kind);

// Emits a convolution of floats by products, or by Winograd's filtering where that pays. inputs: x, packed weights, packed biases and perhaps a residual.
void emit_product(Emitter& emitter, const ConvGeometry& geometry, std::vector<TensorRef> inputs, TensorRef output, const exec::ConvF32Attrs& attrs, const std::string& algorithm = "");

Result<void> reference_conv_input_gradient(ReferenceContext& context);
Result<void> reference_conv_weight_gradient(ReferenceContext& context);
Result<void> reference_dense_weight_gradient(ReferenceContext& context);

}  // namespace verge::ops
