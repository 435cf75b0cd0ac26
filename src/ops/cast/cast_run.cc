#include <limits>

#include "base/half.h"
#include "exec/blocks.h"
#include "exec/checks.h"
#include "exec/integers.h"
#include "exec/op_codes.h"
#include "ops/cast/cast_attrs.h"

namespace verge::exec {
namespace {

bool castable(DataType dtype) { return is_float(dtype) || is_plain_integer(dtype); }

void load_reals(const TensorView& x, size_t at, size_t n, double* out) {
  switch (x.dtype) {
    case DataType::kF32:
      for (size_t i = 0; i < n; ++i) out[i] = static_cast<double>(x.as<float>()[at + i]);
      return;
    case DataType::kF16:
      for (size_t i = 0; i < n; ++i) out[i] = static_cast<double>(half_to_float(x.as<uint16_t>()[at + i]));
      return;
    case DataType::kBF16:
      for (size_t i = 0; i < n; ++i) out[i] = static_cast<double>(bfloat_to_float(x.as<uint16_t>()[at + i]));
      return;
    default:
      for (size_t i = 0; i < n; ++i) out[i] = x.as<double>()[at + i];
  }
}

// T: double, or an integer, which goes to f32 without a stop at double.
template <typename T> void store_reals(const TensorView& y, size_t at, size_t n, const T* in) {
  switch (y.dtype) {
    case DataType::kF32:
      for (size_t i = 0; i < n; ++i) y.mut<float>()[at + i] = static_cast<float>(in[i]);
      return;
    case DataType::kF16:
      for (size_t i = 0; i < n; ++i) y.mut<uint16_t>()[at + i] = float_to_half(static_cast<float>(in[i]));
      return;
    case DataType::kBF16:
      for (size_t i = 0; i < n; ++i) y.mut<uint16_t>()[at + i] = float_to_bfloat(static_cast<float>(in[i]));
      return;
    default:
      for (size_t i = 0; i < n; ++i) y.mut<double>()[at + i] = static_cast<double>(in[i]);
  }
}

struct Bounds {
  int64_t min, max;
};
Bounds bounds_of(DataType dtype) {
  switch (dtype) {
    case DataType::kU32: return {0, std::numeric_limits<uint32_t>::max()};
    case DataType::kI64: return {std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()};
    default: return {integer_range(dtype).min, integer_range(dtype).max};
  }
}

// Toward zero, saturating, NaN to 0. The bounds of 64 bits are no doubles: compared as the powers of two around them.
int64_t truncated(double x, Bounds b) {
  if (x != x) return 0;
  if (x <= static_cast<double>(b.min)) return b.min;
  if (x >= static_cast<double>(b.max)) return b.max;
  return static_cast<int64_t>(x);
}

uint64_t truncated_u64(double x) { return !(x > 0) ? 0 : x >= 0x1p64 ? std::numeric_limits<uint64_t>::max() : static_cast<uint64_t>(x); }

void store_truncated(const TensorView& y, size_t at, size_t n, const double* in) {
  int64_t run[kIntegerRun];
  const Bounds bounds = bounds_of(y.dtype);
  for (size_t i = 0; i < n; ++i)
    run[i] = y.dtype == DataType::kBool ? in[i] != 0 : y.dtype == DataType::kU64 ? static_cast<int64_t>(truncated_u64(in[i])) : truncated(in[i], bounds);
  store_integers(y.dtype, y.data, at, n, run);
}

void cast_run_of(const TensorView& x, const TensorView& y, size_t at, size_t n) {
  if (is_float(x.dtype)) {
    double reals[kIntegerRun];
    load_reals(x, at, n, reals);
    return is_float(y.dtype) ? store_reals(y, at, n, reals) : store_truncated(y, at, n, reals);
  }
  if (x.dtype == DataType::kU64 && is_float(y.dtype)) return store_reals(y, at, n, x.as<uint64_t>() + at);
  int64_t run[kIntegerRun];
  load_integers(x.dtype, x.data, at, n, run);
  return is_float(y.dtype) ? store_reals(y, at, n, run) : store_integers(y.dtype, y.data, at, n, run);
}

}  // namespace

Status check_cast(const rt::Instruction& in) {
  VERGE_REQUIRE(in.attrs_as<CastAttrs>() && arity(in, 1, 1), Code::kCorrupt);
  VERGE_REQUIRE(castable(in.in(0).dtype) && castable(in.out().dtype) && in.in(0).shape == in.out().shape, Code::kCorrupt);
  return {};
}

Status run_cast(const rt::Instruction& in, const rt::RunEnv& env) {
  const TensorView &x = in.in(0), &y = in.out();
  for_elements(env, static_cast<size_t>(y.shape.count()), [&](size_t begin, size_t end) {
    for (size_t at = begin; at < end; at += kIntegerRun) cast_run_of(x, y, at, end - at < kIntegerRun ? end - at : kIntegerRun);
  });
  return {};
}

}  // namespace verge::exec
