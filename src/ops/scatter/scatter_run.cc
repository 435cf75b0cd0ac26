#include <cstring>

#include "exec/checks.h"
#include "exec/integers.h"
#include "exec/op_codes.h"
#include "ops/scatter/scatter_attrs.h"

namespace verge::exec {
namespace {

template <typename T> T combined(Scatter reduction, T a, T b) {
  switch (reduction) {
    case Scatter::kAdd: return a + b;
    case Scatter::kMul: return a * b;
    case Scatter::kMin: return b < a ? b : a;
    default: return a < b ? b : a;
  }
}

int64_t combined_integer(Scatter reduction, int64_t a, int64_t b) {
  const auto x = static_cast<uint64_t>(a), y = static_cast<uint64_t>(b);
  if (reduction == Scatter::kAdd) return static_cast<int64_t>(x + y);
  if (reduction == Scatter::kMul) return static_cast<int64_t>(x * y);
  return combined<int64_t>(reduction, a, b);
}

// y[to, to + n) with updates[from, from + n).
void update(Scatter reduction, const TensorView& y, size_t to, const TensorView& updates, size_t from, size_t n) {
  const size_t width = element_bytes(y.dtype);
  if (reduction == Scatter::kSet) {
    std::memmove(y.mut<uint8_t>() + to * width, updates.as<uint8_t>() + from * width, n * width);
  } else if (y.dtype == DataType::kF32) {
    for (size_t i = 0; i < n; ++i) y.mut<float>()[to + i] = combined(reduction, y.as<float>()[to + i], updates.as<float>()[from + i]);
  } else {
    for (size_t i = 0; i < n; ++i) {
      int64_t a, b;
      load_integers(y.dtype, y.data, to + i, 1, &a);
      load_integers(y.dtype, updates.data, from + i, 1, &b);
      const int64_t z = combined_integer(reduction, a, b);
      store_integers(y.dtype, y.data, to + i, 1, &z);
    }
  }
}

// Index `i` of the tensor within [0, size), or -1.
int64_t index_at(const TensorView& indices, size_t i, int64_t size) {
  int64_t value;
  load_integers(indices.dtype, indices.data, i, 1, &value);
  if (value < 0) value += size;
  return value >= 0 && value < size ? value : -1;
}

Status run_elements(const rt::Instruction& in, const ScatterAttrs& a) {
  const TensorView &indices = in.in(1), &updates = in.in(2), &y = in.out();
  const auto count = static_cast<size_t>(updates.shape.count());
  for (size_t i = 0; i < count; ++i) {
    const int64_t index = index_at(indices, i, y.shape[a.axis]);
    VERGE_REQUIRE(index >= 0, Code::kInvalidArgument);
    size_t rest = i, to = 0, stride = 1;
    for (int d = y.shape.rank - 1; d >= 0; --d) {
      const auto size = static_cast<size_t>(updates.shape[d]);
      to += (d == a.axis ? static_cast<size_t>(index) : rest % size) * stride;
      stride *= static_cast<size_t>(y.shape[d]);
      rest /= size;
    }
    update(static_cast<Scatter>(a.reduction), y, to, updates, i, 1);
  }
  return {};
}

Status run_nd(const rt::Instruction& in, const ScatterAttrs& a) {
  const TensorView &indices = in.in(1), &updates = in.in(2), &y = in.out();
  const int k = indices.shape.back(0);
  const auto tuples = static_cast<size_t>(indices.shape.count(0, indices.shape.rank - 1)), block = static_cast<size_t>(y.shape.count(k, y.shape.rank));
  for (size_t t = 0; t < tuples; ++t) {
    size_t to = 0;
    for (int j = 0; j < k; ++j) {
      const int64_t index = index_at(indices, t * static_cast<size_t>(k) + static_cast<size_t>(j), y.shape[j]);
      VERGE_REQUIRE(index >= 0, Code::kInvalidArgument);
      to = to * static_cast<size_t>(y.shape[j]) + static_cast<size_t>(index);
    }
    update(static_cast<Scatter>(a.reduction), y, to * block, updates, t * block, block);
  }
  return {};
}

bool elements_fit(const ScatterAttrs& a, const Shape& x, const Shape& indices, const Shape& updates) {
  if (!(indices == updates) || x.rank != indices.rank || a.axis < 0 || a.axis >= x.rank) return false;
  for (int d = 0; d < x.rank; ++d)
    if (d != a.axis && indices[d] > x[d]) return false;
  return true;
}

bool tuples_fit(const Shape& x, const Shape& indices, const Shape& updates) {
  if (indices.rank < 1 || indices.back(0) < 0 || indices.back(0) > x.rank) return false;
  const int k = indices.back(0), outer = indices.rank - 1;
  if (updates.rank != outer + x.rank - k) return false;
  for (int d = 0; d < updates.rank; ++d)
    if (updates[d] != (d < outer ? indices[d] : x[d - outer + k])) return false;
  return true;
}

}  // namespace

Status check_scatter(const rt::Instruction& in) {
  const auto* a = in.attrs_as<ScatterAttrs>();
  VERGE_REQUIRE(a && a->reduction < static_cast<uint32_t>(Scatter::kCount) && a->nd <= 1 && arity(in, 3, 1), Code::kCorrupt);
  const TensorView &x = in.in(0), &indices = in.in(1), &updates = in.in(2);
  VERGE_REQUIRE(same_type(x, in.out()) && updates.dtype == x.dtype && element_bytes(x.dtype) > 0, Code::kCorrupt);
  VERGE_REQUIRE(a->reduction == 0 || x.dtype == DataType::kF32 || is_plain_integer(x.dtype), Code::kCorrupt);
  VERGE_REQUIRE(indices.dtype == DataType::kI32 || indices.dtype == DataType::kI64, Code::kCorrupt);
  VERGE_REQUIRE(a->nd ? tuples_fit(x.shape, indices.shape, updates.shape) : elements_fit(*a, x.shape, indices.shape, updates.shape), Code::kCorrupt);
  return {};
}

Status run_scatter(const rt::Instruction& in, const rt::RunEnv&) {
  const auto& a = *in.attrs_as<ScatterAttrs>();
  if (in.out().data != in.in(0).data && in.out().bytes() > 0) std::memmove(in.out().data, in.in(0).data, in.out().bytes());
  return a.nd ? run_nd(in, a) : run_elements(in, a);
}

}  // namespace verge::exec
