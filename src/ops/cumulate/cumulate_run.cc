#include "exec/blocks.h"
#include "exec/checks.h"
#include "exec/integers.h"
#include "exec/op_codes.h"
#include "ops/cumulate/cumulate_attrs.h"

namespace verge::exec {
namespace {

double element(const TensorView& t, size_t i, double) { return static_cast<double>(t.as<float>()[i]); }
uint64_t element(const TensorView& t, size_t i, uint64_t) {
  int64_t value;
  load_integers(t.dtype, t.data, i, 1, &value);
  return static_cast<uint64_t>(value);
}
void store(const TensorView& t, size_t i, double value) { t.mut<float>()[i] = static_cast<float>(value); }
void store(const TensorView& t, size_t i, uint64_t value) {
  const auto wrapped = static_cast<int64_t>(value);
  store_integers(t.dtype, t.data, i, 1, &wrapped);
}

// One line of n elements, `step` apart. y may be x. T: double or uint64_t, what is carried along.
template <typename T> void line(const CumulateAttrs& a, const TensorView& x, const TensorView& y, size_t first, size_t step, size_t n) {
  T sum = a.product ? T{1} : T{0};
  for (size_t k = 0; k < n; ++k) {
    const size_t at = first + (a.reverse ? n - 1 - k : k) * step;
    const T value = element(x, at, T{}), next = a.product ? sum * value : sum + value;
    store(y, at, a.exclusive ? sum : next);
    sum = next;
  }
}

}  // namespace

Status check_cumulate(const rt::Instruction& in) {
  const auto* a = in.attrs_as<CumulateAttrs>();
  VERGE_REQUIRE(a && a->product <= 1 && a->exclusive <= 1 && a->reverse <= 1 && arity(in, 1, 1) && same_type(in.in(0), in.out()), Code::kCorrupt);
  VERGE_REQUIRE((in.out().dtype == DataType::kF32 || is_plain_integer(in.out().dtype)) && a->axis >= 0 && a->axis < in.out().shape.rank, Code::kCorrupt);
  return {};
}

Status run_cumulate(const rt::Instruction& in, const rt::RunEnv& env) {
  const auto& a = *in.attrs_as<CumulateAttrs>();
  const TensorView &x = in.in(0), &y = in.out();
  if (y.shape.count() == 0) return {};
  const auto n = static_cast<size_t>(y.shape[a.axis]), inner = static_cast<size_t>(y.shape.count(a.axis + 1, y.shape.rank));
  for_blocks(env, static_cast<size_t>(y.shape.count()) / n, items_per_block(n), [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      const size_t first = i / inner * n * inner + i % inner;
      if (y.dtype == DataType::kF32) line<double>(a, x, y, first, inner, n);
      else line<uint64_t>(a, x, y, first, inner, n);
    }
  });
  return {};
}

}  // namespace verge::exec
