#include "exec/blocks.h"
#include "exec/checks.h"
#include "exec/integers.h"
#include "exec/op_codes.h"
#include "exec/reals.h"
#include "kernels/binary_bf16/binary_bf16.h"
#include "kernels/reduce/reduce_f32.h"
#include "kernels/reduce_i8/reduce_i8.h"
#include "ops/reduce/reduce_attrs.h"

namespace verge::exec {
namespace {

constexpr int64_t kMostReduced = 1 << 23;  // bytes whose sum stays in int32

bool axes_fit(const rt::Instruction& in, int32_t first, int32_t last) {
  const Shape &x = in.in(0).shape, &y = in.out().shape;
  return first >= 0 && first <= last && last <= x.rank && y.count() == x.count(0, first) * x.count(last, x.rank);
}

ReduceShape shape_of(const Shape& x, int32_t first, int32_t last) {
  return {static_cast<size_t>(x.count(0, first)), static_cast<size_t>(x.count(first, last)), static_cast<size_t>(x.count(last, x.rank))};
}

int64_t first_value(ReduceF32 function) {
  switch (function) {
    case ReduceF32::kProd: return 1;
    case ReduceF32::kMax: return INT64_MIN;
    case ReduceF32::kMin: return INT64_MAX;
    default: return 0;
  }
}

int64_t with_value(ReduceF32 function, int64_t so_far, int64_t x) {
  const auto a = static_cast<uint64_t>(so_far), b = static_cast<uint64_t>(x);
  switch (function) {
    case ReduceF32::kProd: return static_cast<int64_t>(a * b);
    case ReduceF32::kMax: return so_far > x ? so_far : x;
    case ReduceF32::kMin: return so_far < x ? so_far : x;
    case ReduceF32::kSumSquare: return static_cast<int64_t>(a + b * b);
    case ReduceF32::kL1: return static_cast<int64_t>(x < 0 ? a - b : a + b);
    default: return static_cast<int64_t>(a + b);  // sum, mean
  }
}

bool has_bf16(const rt::Instruction& in) { return reals(in.in(0)).half || reals_out(in.out()).half; }

// Means of rows of bf16, a run of columns at a time.
void average_halves(const rt::Instruction& in, const ReduceShape& s, const rt::RunEnv& env) {
  const size_t runs = (s.inner + kRealsRun - 1) / kRealsRun;
  env.parallel.each(s.outer * runs, [&](size_t i) {
    const size_t o = i / runs, first = i % runs * kRealsRun, n = s.inner - first < kRealsRun ? s.inner - first : kRealsRun;
    const RealsOut y = reals_out(in.out()).from(o * s.inner + first);
    float room[kRealsRun];
    pick_binary_bf16().mean({s.axis, n, s.inner, in.in(0).as<uint16_t>() + o * s.axis * s.inner + first, as_floats(y, room)});
    rounded(y, n, room);
  });
}

bool has_integers(uint32_t function) {
  const auto f = static_cast<ReduceF32>(function);
  return function < kReduceF32Count && f != ReduceF32::kL2 && f != ReduceF32::kLogSum && f != ReduceF32::kLogSumExp;
}

}  // namespace

Status check_reduce_f32(const rt::Instruction& in) {
  const auto* a = in.attrs_as<ReduceF32Attrs>();
  VERGE_REQUIRE(a && a->function < kReduceF32Count && arity(in, 1, 1) && axes_fit(in, a->first, a->last), Code::kCorrupt);
  VERGE_REQUIRE(is_real(in.in(0)) && is_real(in.out()), Code::kCorrupt);
  VERGE_REQUIRE(!has_bf16(in) || (in.in(0).dtype == DataType::kBF16 && a->function == static_cast<uint32_t>(ReduceF32::kMean)), Code::kCorrupt);
  return {};
}

Status run_reduce_f32(const rt::Instruction& in, const rt::RunEnv& env) {
  const auto& a = *in.attrs_as<ReduceF32Attrs>();
  const ReduceShape s = shape_of(in.in(0).shape, a.first, a.last);
  if (has_bf16(in)) return average_halves(in, s, env), Status{};
  const ReduceF32Fn fn = pick_reduce_f32(static_cast<ReduceF32>(a.function));
  const auto* x = in.in(0).as<float>();
  auto* y = in.out().mut<float>();
  for_blocks(env, s.outer, items_per_block(s.axis * s.inner),
             [&](size_t begin, size_t end) { fn({end - begin, s.axis, s.inner}, x + begin * s.axis * s.inner, y + begin * s.inner); });
  return {};
}

Status check_reduce_int(const rt::Instruction& in) {
  const auto* a = in.attrs_as<ReduceIntAttrs>();
  VERGE_REQUIRE(a && has_integers(a->function) && arity(in, 1, 1) && axes_fit(in, a->first, a->last), Code::kCorrupt);
  VERGE_REQUIRE(is_plain_integer(in.in(0).dtype) && in.out().dtype == in.in(0).dtype, Code::kCorrupt);
  return {};
}

Status run_reduce_int(const rt::Instruction& in, const rt::RunEnv& env) {
  const auto& a = *in.attrs_as<ReduceIntAttrs>();
  const TensorView &x = in.in(0), &y = in.out();
  const ReduceShape s = shape_of(x.shape, a.first, a.last);
  const auto function = static_cast<ReduceF32>(a.function);
  for_blocks(env, s.outer * s.inner, items_per_block(s.axis), [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      const size_t start = i / s.inner * s.axis * s.inner + i % s.inner;
      int64_t result = first_value(function);
      for (size_t k = 0; k < s.axis; ++k) {
        int64_t value;
        load_integers(x.dtype, x.data, start + k * s.inner, 1, &value);
        result = with_value(function, result, value);
      }
      if (function == ReduceF32::kMean) result = s.axis ? result / static_cast<int64_t>(s.axis) : 0;
      store_integers(y.dtype, y.data, i, 1, &result);
    }
  });
  return {};
}

Status check_reduce_i8(const rt::Instruction& in) {
  const auto* a = in.attrs_as<ReduceI8Attrs>();
  VERGE_REQUIRE(a && a->function < kReduceI8Functions && a->mode < 2 && usable_multiplier(a->multiplier, a->shift) && arity(in, 1, 1), Code::kCorrupt);
  const TensorView &x = in.in(0), &y = in.out();
  VERGE_REQUIRE((x.dtype == DataType::kI8 || x.dtype == DataType::kU8) && y.dtype == x.dtype && quantized_as_one(x) && quantized_as_one(y), Code::kCorrupt);
  int64_t kept = 1, reduced = 1;
  for (int d = 0; d < x.shape.rank; ++d) (a->axes >> d & 1 ? reduced : kept) *= x.shape[d];
  VERGE_REQUIRE(a->axes >> x.shape.rank == 0 && y.shape.count() == kept && reduced >= 1 && reduced <= kMostReduced, Code::kCorrupt);
  return {};
}

Status run_reduce_i8(const rt::Instruction& in, const rt::RunEnv&) {
  const auto& a = *in.attrs_as<ReduceI8Attrs>();
  const TensorView &x = in.in(0), &y = in.out();
  const IntegerRange range = integer_range(y.dtype);
  ReduceI8 r;
  r.op = static_cast<ReduceI8Op>(a.function);
  r.mode = static_cast<RequantMode>(a.mode);
  r.is_unsigned = y.dtype == DataType::kU8;
  r.rank = x.shape.rank;
  for (int d = 0; d < r.rank; ++d) {
    r.dims[d] = static_cast<size_t>(x.shape[d]);
    r.reduced[d] = a.axes >> d & 1;
  }
  r.x_zero_point = x.quant.zero_point[0], r.y_zero_point = y.quant.zero_point[0];
  r.min = range.min, r.max = range.max;
  r.multiplier = {a.multiplier, a.shift};
  r.scale = x.quant.scale[0] / y.quant.scale[0];
  r.x = x.data, r.y = y.data;
  reduce_i8(r);
  return {};
}

}  // namespace verge::exec
