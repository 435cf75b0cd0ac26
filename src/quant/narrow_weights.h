// Few-bit weights without data: steps that lose least, and rounding whose errors cancel.
//
//   1. a channel's step: the least sum of squared errors of plain rounding to -2^(bits-1) .. 2^(bits-1) - 1
//   2. where the errors of a kernel (an input channel's taps), then of a whole channel, add up to more than half a step, those closest to the other
//      side are rounded there: inputs that are alike, as neighbours in a picture behind relu are, then see no error in the mean
// Source of 2: Guo et al., "SQuant: On-the-Fly Data-Free Quantization via Diagonal Hessian Approximation", 2022, section 3.
#pragma once
#include "ir/tensor.h"

namespace verge {

// weights: f32 [out, ..., in]. Returns int8 in the grid of `bits`, one scale an output channel.
Tensor narrow_weights(const Tensor& weights, int bits);

}  // namespace verge
