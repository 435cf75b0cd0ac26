// y[.., i, j] = sum over c of a[.., i, c] * b[.., c, j], numpy's matmul: leading dimensions broadcast, a vector on the left is a row, on the right a column.
//
//   a        [.., m, k] or [k]
//   b        [.., k, n], with trans_b [.., n, k], or [k]
//
// Both operands are dynamic; a pass makes a product with constant weights a dense layer.
#pragma once
#include "ops/op.h"

namespace verge::ops {

// Two static shapes as batches of matrices.
struct MatmulPlan {
  int64_t m = 1, n = 1, k = 1;
  Shape batch;                        // the broadcast leading dimensions
  int32_t a_step[kMaxRank] = {};      // matrices from one index of a leading dimension to the next; 0 where a broadcasts
  int32_t b_step[kMaxRank] = {};
  int64_t b_matrices = 1;
};
MatmulPlan matmul_plan(const Node& node, const Shape& a, const Shape& b);

Result<void> reference_matmul(ReferenceContext& context);
Result<void> lower_matmul(const Node& node, Emitter& emitter);

}  // namespace verge::ops
