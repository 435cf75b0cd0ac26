// Functions of one quantised int16 tensor (docs/integer.md): relu and clamp, leaky_relu, sigmoid and tanh, in the `tflm` form.
#pragma once
#include "ops/affine.h"
#include "ops/unary/unary.h"
#include "ops/unary/unary_attrs.h"

namespace verge::ops {

// What computes `node` from x to y, both i16; kUnsupported for a function, scale or rounding without an integer rule.
Result<exec::UnaryI16Attrs> unary_i16(const Node& node, const AffineType& x, const AffineType& y);

Result<void> lower_unary_i16(const Node& node, Emitter& emitter, const AffineType& x, const AffineType& y);
Result<void> reference_unary_i16(ReferenceContext& c, const AffineType& x, const AffineType& y);

}  // namespace verge::ops
