// Transposed convolution:
//
//   y[n, i * stride + k * dilation - pad, o] += x[n, i, c] * w[o, k, c], then bias[o] and the clamp
//
//   x         [n, c, h, w] or [n, h, w, c] by `layout`; f32, or int8 quantised as conv is
//   w         [out, kh, kw, in / groups]
//   y         stride * (size - 1) + output_padding + (kernel - 1) * dilation + 1 - pads along each axis
//
// A pass makes it a convolution of stride 1 and depth_to_space (passes/conv_transpose_to_conv.cc): it has no instruction of its own.
#pragma once
#include <array>

#include "ops/op.h"

namespace verge::ops {

// One spatial axis.
struct TransposedAxis {
  int64_t kernel = 1, stride = 1, dilation = 1, begin = 0, end = 0, more = 0;  // more: output_padding

  int64_t reach() const { return (kernel - 1) * dilation + 1; }
  int64_t out(int64_t in) const { return stride * (in - 1) + more + reach() - begin - end; }
};

// Height and width, from the attributes and the shape of the weights. An error where a number is out of range.
Result<std::array<TransposedAxis, 2>> transposed_axes(const Node& node, const TensorType& weights);

Result<void> reference_conv_transpose(ReferenceContext& context);

}  // namespace verge::ops
