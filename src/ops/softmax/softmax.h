// softmax: y[i] = exp(beta * x[i]) / sum over j of exp(beta * x[j]), along `axis` (default -1); log_softmax: its logarithm. beta: default 1.
//
// Quantised softmax with the contract's output (scale 1/256 and the lowest zero point for 8 bits, 1/65536 for i16) is TensorFlow Lite Micro's fixed-point
// kernel (docs/integer.md). With any other output type it is computed between dequantize and quantize, and agrees within one step.
#pragma once
#include "ops/affine.h"
#include "ops/op.h"

namespace verge::ops {

Result<void> reference_softmax(ReferenceContext& context);

// Whether the types are those of the fixed-point kernel.
bool is_fixed_point_softmax(const Node& node, const AffineType& x, const AffineType& y);

}  // namespace verge::ops
