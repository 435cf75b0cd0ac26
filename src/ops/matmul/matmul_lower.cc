#include <algorithm>

#include "kernels/gemm/matmul_f32.h"
#include "ops/matmul/matmul.h"
#include "ops/matmul/matmul_attrs.h"

namespace verge::ops {

Result<void> lower_matmul(const Node& node, Emitter& emitter) {
  const TensorType &a = emitter.graph().type(node.input(0)), &b = emitter.graph().type(node.input(1));
  if (a.dtype != DataType::kF32 || b.dtype != DataType::kF32) return unsupported("inputs " + a.text() + " and " + b.text() + "; a product of two computed f32 tensors is supported");
  const MatmulPlan plan = matmul_plan(node, a.shape(), b.shape());
  exec::MatmulAttrs attrs;
  attrs.m = static_cast<int32_t>(plan.m);
  attrs.n = static_cast<int32_t>(plan.n);
  attrs.k = static_cast<int32_t>(plan.k);
  attrs.trans_b = node.integer("trans_b") != 0 || b.rank() == 1;
  attrs.batch_rank = plan.batch.rank;
  std::copy_n(plan.batch.dim, plan.batch.rank, attrs.batch);
  std::copy_n(plan.a_step, plan.batch.rank, attrs.a_step);
  std::copy_n(plan.b_step, plan.batch.rank, attrs.b_step);
  const size_t packed = matmul_f32_scratch_size(static_cast<size_t>(plan.n), static_cast<size_t>(plan.k));
  const TensorRef scratch = emitter.scratch(static_cast<size_t>(plan.b_matrices) * packed * sizeof(float));
  emitter.emit(exec::Op::matmul_f32, {emitter.tensor(node.input(0)), emitter.tensor(node.input(1))}, {emitter.tensor(node.output())}, attrs, scratch);
  return done();
}

}  // namespace verge::ops
