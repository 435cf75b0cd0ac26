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
  VERGE_REQUIRE(x.dtype == y.dtype && element_bytes(x.dtype) > 0 && x.shape.rank == y.shape.rank, Code::kCorrupt);
  uint32_t seen = 0;
  for (int d = 0; d < x.shape.rank; ++d) {
    VERGE_REQUIRE(a->perm[d] >= 0 && a->perm[d] < x.shape.rank && y.shape[d] == x.shape[a->perm[d]], Code::kCorrupt);
    seen |= 1u << a->perm[d];
  }
  VERGE_REQUIRE(seen == (1u << x.shape.rank) - 1, Code::kCorrupt);
  return {};
}

Status run_transpose(const rt::Instruction& in, const rt::RunEnv& env) {
  const TensorView &x = in.in(0), &y = in.out();
  if (x.shape.count() == 0) return {};
  size_t size[kMaxRank];
  int perm[kMaxRank];
  for (int d = 0; d < x.shape.rank; ++d) {
    size[d] = static_cast<size_t>(x.shape[d]);
    perm[d] = in.attrs_as<TransposeAttrs>()->perm[d];
  }
  const TransposePlan plan = plan_transpose(x.shape.rank, size, perm, element_bytes(x.dtype));
  const size_t elements = static_cast<size_t>(x.shape.count()) / (plan.parts ? plan.parts : 1);
  for_blocks(env, plan.parts, items_per_block(elements), [&](size_t begin, size_t end) { transpose(plan, x.data, y.data, begin, end); });
  return {};
}

}  // namespace verge::exec
