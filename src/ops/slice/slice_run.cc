#include "exec/checks.h"
#include "exec/op_codes.h"
#include "exec/strided.h"
#include "ops/slice/slice_attrs.h"

namespace verge::exec {

Status check_slice(const rt::Instruction& in) {
  const auto* a = in.attrs_as<SliceAttrs>();
  VERGE_REQUIRE(a && arity(in, 1, 1), Code::kCorrupt);
  const TensorView &x = in.in(0), &y = in.out();
  VERGE_REQUIRE(x.dtype == y.dtype && element_bytes(x.dtype) > 0 && x.shape.rank == y.shape.rank, Code::kCorrupt);
  for (int d = 0; d < y.shape.rank; ++d) {
    if (y.shape[d] == 0) continue;
    const int64_t first = a->start[d], last = first + (int64_t{y.shape[d]} - 1) * a->step[d];
    VERGE_REQUIRE(first >= 0 && first < x.shape[d] && last >= 0 && last < x.shape[d], Code::kCorrupt);
  }
  return {};
}

Status run_slice(const rt::Instruction& in, const rt::RunEnv& env) {
  const auto& a = *in.attrs_as<SliceAttrs>();
  const TensorView &x = in.in(0), &y = in.out();
  if (y.shape.count() == 0) return {};
  StridedRead read;
  for (int d = 0; d < y.shape.rank; ++d) {
    const int64_t stride = x.shape.count(d + 1, x.shape.rank);
    read.offset += a.start[d] * stride;
    read.add(y.shape[d], a.step[d] * stride);
  }
  copy_strided(env, x.data, y.data, element_bytes(x.dtype), read);
  return {};
}

}  // namespace verge::exec
