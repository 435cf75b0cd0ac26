#include "exec/checks.h"
#include "exec/op_codes.h"
#include "exec/strided.h"
#include "ops/expand/expand_attrs.h"

namespace verge::exec {

Status check_expand(const rt::Instruction& in) {
  VERGE_REQUIRE(in.attrs_as<ExpandAttrs>() && arity(in, 1, 1), Code::kCorrupt);
  const TensorView &x = in.in(0), &y = in.out();
  VERGE_REQUIRE(x.dtype == y.dtype && element_bytes(x.dtype) > 0 && x.shape.rank <= y.shape.rank, Code::kCorrupt);
  for (int i = 0; i < x.shape.rank; ++i) {
    const int32_t from = x.shape.back(i), to = y.shape.back(i);
    VERGE_REQUIRE(to == 0 || (from > 0 && to % from == 0), Code::kCorrupt);
  }
  return {};
}

Status run_expand(const rt::Instruction& in, const rt::RunEnv& env) {
  const TensorView &x = in.in(0), &y = in.out();
  if (y.shape.count() == 0) return {};
  StridedRead read;
  for (int d = 0; d < y.shape.rank; ++d) {
    const int i = d - (y.shape.rank - x.shape.rank);
    const int32_t from = i < 0 ? 1 : x.shape[i];
    read.add(y.shape[d] / from, 0);
    read.add(from, i < 0 ? 0 : x.shape.count(i + 1, x.shape.rank));
  }
  copy_strided(env, x.data, y.data, element_bytes(x.dtype), read);
  return {};
}

}  // namespace verge::exec
