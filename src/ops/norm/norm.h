// Normalisations, in float.
//
//   batch_norm     y = (x - mean[c]) / sqrt(var[c] + epsilon) * scale[c] + bias[c]; c along `axis` (1)
//   layer_norm     y = (x - m) / sqrt(v + epsilon) * scale + bias; mean m and variance v over the axes from `axis` (-1) on; scale and bias have
//                  those axes' shape and may be absent
//   rms_norm       y = x / sqrt(mean of x^2 + epsilon) * scale
//   group_norm     as layer_norm over the positions and the channels of a group; scale and bias [channels]
//   instance_norm  group_norm with a channel a group
//   lrn            y = x / (bias + alpha / size * sum of x[c']^2)^beta over the channels c' from c - (size - 1) / 2 to c + size / 2
//
// Channels lie last in layout nhwc, second in nchw, at any rank from 2 on.
#pragma once
#include "ops/op.h"

namespace verge::ops {

// x seen as [batch][pixels][groups][channels of a group] in nhwc; statistics run over pixels and the channels of a group.
struct NormShape {
  int64_t batch = 1, pixels = 1, groups = 1, channels = 1;
};

// Of any operator above but batch_norm; needs nhwc or an operator without layout. Fails where the groups do not divide the channels.
Result<NormShape> norm_shape(const Node& node, const Shape& x);

// The axis of a layer_norm, rms_norm or batch_norm node, from the front.
Result<int> norm_axis(const Node& node, int rank);
// Where channels lie by the attribute `layout`.
Result<int> channel_axis(const Node& node, int rank);

Result<void> reference_batch_norm(ReferenceContext& context);
Result<void> reference_layer_norm(ReferenceContext& context);  // and rms_norm
Result<void> reference_group_norm(ReferenceContext& context);  // and instance_norm
Result<void> reference_lrn(ReferenceContext& context);

Result<void> lower_batch_norm(const Node& node, Emitter& emitter);
Result<void> lower_norm(const Node& node, Emitter& emitter);
Result<void> lower_lrn(const Node& node, Emitter& emitter);

}  // namespace verge::ops
