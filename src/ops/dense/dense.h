// y[.., j] = clamp(bias[j] + sum over i of x[.., i] * w[j, i])
//
//   x      [.., k], rank 1 or more
//   w      [n, k]
//   bias   [n]; quantised: i32 of scale x * w
//
// Quantised: i8 or u8 x and y, i8 or u8 w with one scale and zero point or one for each j; sums in int32, then requantised (docs/integer.md).
#pragma once
#include "ops/dense/dense_attrs.h"
#include "ops/op.h"
#include "ops/quantized.h"

namespace verge::ops {

// One scale for all of w: TensorFlow Lite's dense kernel multiplies the scales in float. One for each j: in double, as its convolutions do.
inline ScaleProduct dense_scale_product(const QuantParams& w) { return w.per_channel() ? ScaleProduct::kDouble : ScaleProduct::kFloat; }

Result<void> reference_dense(ReferenceContext& context);
Result<void> lower_dense(const Node& node, Emitter& emitter);
// Where integers follow, a float that is rounded elsewhere may become another integer: generated code sums directly and must agree to the bit.
bool all_floats(const Graph& graph);
// The product of rows, or of a pointwise convolution's pixels, with constant weights of which so many blocks are zero that leaving them out is faster; false,
// and nothing emitted, where it is not.
bool emit_sparse_rows(const Node& node, Emitter& emitter, const exec::DenseF32Attrs& attrs);

}  // namespace verge::ops
