#include <limits>

#include "exec/blocks.h"
#include "exec/checks.h"
#include "exec/integers.h"
#include "exec/op_codes.h"
#include "ops/cast/cast_attrs.h"

namespace verge::exec {
namespace {

bool castable(DataType dtype) { return dtype == DataType::kF32 || is_plain_integer(dtype); }

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

// Toward zero, saturating, NaN to 0. The bounds of 64 bits are no floats: compared as the powers of two around them.
int64_t truncated(float x, Bounds b) {
  if (x != x) return 0;
  if (x <= static_cast<float>(b.min)) return b.min;
  if (x >= static_cast<float>(b.max)) return b.max;
  return static_cast<int64_t>(x);
}

void load_as_integers(const TensorView& x, DataType to, size_t at, size_t n, int64_t* out) {
  if (x.dtype != DataType::kF32) return load_integers(x.dtype, x.data, at, n, out);
  const Bounds bounds = bounds_of(to);
  for (size_t i = 0; i < n; ++i) {
    const float value = x.as<float>()[at + i];
    out[i] = to == DataType::kBool ? value != 0 : truncated(value, bounds);
  }
}

}  // namespace

Status check_cast(const rt::Instruction& in) {
  VERGE_REQUIRE(in.attrs_as<CastAttrs>() && arity(in, 1, 1), Code::kCorrupt);
  VERGE_REQUIRE(castable(in.in(0).dtype) && castable(in.out().dtype) && in.in(0).shape == in.out().shape, Code::kCorrupt);
  return {};
}

Status run_cast(const rt::Instruction& in, const rt::RunEnv& env) {
  const TensorView &x = in.in(0), &y = in.out();
  for_blocks(env, static_cast<size_t>(y.shape.count()), kElementBlock, [&](size_t begin, size_t end) {
    int64_t run[kIntegerRun];
    for (size_t at = begin; at < end; at += kIntegerRun) {
      const size_t n = end - at < kIntegerRun ? end - at : kIntegerRun;
      if (y.dtype != DataType::kF32) {
        load_as_integers(x, y.dtype, at, n, run);
        store_integers(y.dtype, y.data, at, n, run);
        continue;
      }
      for (size_t i = 0; x.dtype == DataType::kF32 && i < n; ++i) y.mut<float>()[at + i] = x.as<float>()[at + i];
      if (x.dtype == DataType::kF32) continue;
      load_integers(x.dtype, x.data, at, n, run);
      for (size_t i = 0; i < n; ++i) y.mut<float>()[at + i] = static_cast<float>(run[i]);
    }
  });
  return {};
}

}  // namespace verge::exec
