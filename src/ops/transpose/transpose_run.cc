#include "exec/blocks.h"
#include "exec/checks.h"
#include "exec/op_codes.h"
#include "kernels/transpose/transpose.h"
#include "ops/transpose/transpose_attrs.h"

namespace verge::exec {

Status check_transpose(const rt::Instruction& in) {
  const auto* a = in.attrs_as<TransposeAttrs>();
  VERGE_REQUIRE(a && arity(in, 1, 1), Code::kCorrupt);
  const TensorView &x = in.in(0), &y = in.out();
  VERGE_REQUIRE(x.dtype == y.dtype && element_bytes(x.dtype) > 0 && x.shape.count() == y.shape.count(), Code::kCorrupt);
  VERGE_REQUIRE(a->rank >= 0 && a->rank <= kMaxRank, Code::kCorrupt);
  uint32_t seen = 0;
  int64_t left = x.shape.count();
  for (int d = 0; d < a->rank && left > 0; ++d) {
    VERGE_REQUIRE(a->perm[d] >= 0 && a->perm[d] < a->rank && a->dim[d] > 0 && left % a->dim[d] == 0, Code::kCorrupt);
    seen |= 1u << a->perm[d];
    left /= a->dim[d];
  }
  VERGE_REQUIRE(left == 0 || (left == 1 && seen == (1u << a->rank) - 1), Code::kCorrupt);
  return {};
}

Status run_transpose(const rt::Instruction& in, const rt::RunEnv& env) {
  const auto& a = *in.attrs_as<TransposeAttrs>();
  const TensorView &x = in.in(0), &y = in.out();
  if (x.shape.count() == 0) return {};
  size_t size[kMaxRank];
  int perm[kMaxRank];
  for (int d = 0; d < a.rank; ++d) {
    size[d] = static_cast<size_t>(a.dim[d]);
    perm[d] = a.perm[d];
  }
  const TransposePlan plan = plan_transpose(a.rank, size, perm, element_bytes(x.dtype));
  const size_t elements = static_cast<size_t>(x.shape.count()) / (plan.parts ? plan.parts : 1);
  for_blocks(env, plan.parts, items_per_block(elements), [&](size_t begin, size_t end) { transpose(plan, x.data, y.data, begin, end); });
  return {};
}

}  // namespace verge::exec
