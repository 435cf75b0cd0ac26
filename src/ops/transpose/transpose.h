// y[i_0, ..., i_r-1] = x[j] with j[perm[d]] = i[d].   x: any; y: x's dimensions in the order `perm` (default: reversed).
#pragma once
#include "ops/op.h"

namespace verge::ops {

Result<void> reference_transpose(ReferenceContext& context);

// `out` = `in`, seen as `shape`, with its axes in the order `perm`.
void emit_transpose(Emitter& emitter, TensorRef in, const Shape& shape, const std::vector<int>& perm, TensorRef out);
Shape permuted(const Shape& shape, const std::vector<int>& perm);
std::vector<int> inverse(const std::vector<int>& perm);
// True when no two axes larger than 1 change places: the bytes stay where they are.
bool keeps_order(const Shape& shape, const std::vector<int>& perm);

}  // namespace verge::ops
