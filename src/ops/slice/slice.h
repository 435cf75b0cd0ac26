// slice: y = x[starts : ends : steps] along `axes` (default: the first ones), by numpy's rules; negative indices count from the end, negative steps walk
// backwards, indices beyond the end stop there.
// split: several outputs, `sizes` long along `axis` one behind the other; without sizes all alike (the last one shorter where it does not divide).
#pragma once
#include "ops/op.h"

namespace verge::ops {

// One window: along every axis the first index, the step, and how many.
struct SliceWindow {
  std::vector<int64_t> start, step, size;
};
Result<SliceWindow> slice_window(const Node& node, const Shape& x);

Result<void> reference_slice(ReferenceContext& context);
Result<void> reference_split(ReferenceContext& context);

// `out` = the window of `in`.
void emit_slice(Emitter& emitter, TensorRef in, const SliceWindow& window, TensorRef out);

}  // namespace verge::ops
