#include "exec/blocks.h"
#include "exec/checks.h"
#include "exec/integers.h"
#include "exec/op_codes.h"
#include "kernels/reduce/reduce_f32.h"
#include "ops/arg/arg_attrs.h"

namespace verge::exec {
namespace {

int64_t best_integer(const TensorView& x, size_t start, size_t count, size_t stride, const ArgReduceAttrs& a) {
  int64_t best = 0, index = 0;
  for (size_t i = 0; i < count; ++i) {
    int64_t value;
    load_integers(x.dtype, x.data, start + i * stride, 1, &value);
    const bool better = i == 0 || (a.least ? value < best : value > best) || (a.last && value == best);
    if (better) best = value, index = static_cast<int64_t>(i);
  }
  return index;
}

}  // namespace

Status check_arg_reduce(const rt::Instruction& in) {
  const auto* a = in.attrs_as<ArgReduceAttrs>();
  VERGE_REQUIRE(a && a->least <= 1 && a->last <= 1 && arity(in, 1, 1), Code::kCorrupt);
  const TensorView &x = in.in(0), &y = in.out();
  VERGE_REQUIRE((x.dtype == DataType::kF32 || is_plain_integer(x.dtype)) && y.dtype == DataType::kI64, Code::kCorrupt);
  VERGE_REQUIRE(a->axis >= 0 && a->axis < x.shape.rank && x.shape[a->axis] > 0, Code::kCorrupt);
  VERGE_REQUIRE(y.shape.count() == x.shape.count(0, a->axis) * x.shape.count(a->axis + 1, x.shape.rank), Code::kCorrupt);
  return {};
}

Status run_arg_reduce(const rt::Instruction& in, const rt::RunEnv& env) {
  const auto& a = *in.attrs_as<ArgReduceAttrs>();
  const TensorView& x = in.in(0);
  auto* y = in.out().mut<int64_t>();
  const ReduceShape s{static_cast<size_t>(x.shape.count(0, a.axis)), static_cast<size_t>(x.shape[a.axis]), static_cast<size_t>(x.shape.count(a.axis + 1, x.shape.rank))};
  for_blocks(env, s.outer, items_per_block(s.axis * s.inner), [&](size_t begin, size_t end) {
    if (x.dtype == DataType::kF32) {
      arg_f32(a.least ? ArgWhat::kMin : ArgWhat::kMax, a.last ? ArgTie::kLast : ArgTie::kFirst, {end - begin, s.axis, s.inner},
              x.as<float>() + begin * s.axis * s.inner, y + begin * s.inner);
      return;
    }
    for (size_t i = begin * s.inner; i < end * s.inner; ++i) y[i] = best_integer(x, i / s.inner * s.axis * s.inner + i % s.inner, s.axis, s.inner, a);
  });
  return {};
}

}  // namespace verge::exec
