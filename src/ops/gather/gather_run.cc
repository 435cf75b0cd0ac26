#include <cstring>

#include "exec/blocks.h"
#include "exec/checks.h"
#include "exec/integers.h"
#include "exec/op_codes.h"
#include "ops/gather/gather_attrs.h"

namespace verge::exec {
namespace {

bool indexes(const TensorView& t) { return t.dtype == DataType::kI32 || t.dtype == DataType::kI64; }

bool moves(const rt::Instruction& in) { return arity(in, 2, 1) && indexes(in.in(1)) && in.in(0).dtype == in.out().dtype && element_bytes(in.out().dtype) > 0; }

// Index `i` of the tensor within [0, size), or -1. Read once: nothing but the returned number is used.
int64_t index_at(const TensorView& indices, size_t i, int64_t size) {
  int64_t value;
  load_integers(indices.dtype, indices.data, i, 1, &value);
  if (value < 0) value += size;
  return value >= 0 && value < size ? value : -1;
}

// Whether any thread met an index outside.
class Failure {
 public:
  void set() { __atomic_store_n(&failed_, true, __ATOMIC_RELAXED); }
  Status status() const { return failed_ ? Status(Code::kInvalidArgument) : Status(); }

 private:
  bool failed_ = false;
};

void copy_block(const TensorView& y, const TensorView& x, size_t to, size_t from, size_t bytes) {
  std::memmove(y.mut<uint8_t>() + to * bytes, x.as<uint8_t>() + from * bytes, bytes);
}

}  // namespace

Status check_gather(const rt::Instruction& in) {
  const auto* a = in.attrs_as<GatherAttrs>();
  VERGE_REQUIRE(a && moves(in), Code::kCorrupt);
  const Shape &x = in.in(0).shape, &i = in.in(1).shape, &y = in.out().shape;
  VERGE_REQUIRE(a->axis >= 0 && a->axis < x.rank && y.rank == x.rank - 1 + i.rank, Code::kCorrupt);
  for (int d = 0; d < y.rank; ++d) {
    const int32_t want = d < a->axis ? x[d] : d < a->axis + i.rank ? i[d - a->axis] : x[d - i.rank + 1];
    VERGE_REQUIRE(y[d] == want, Code::kCorrupt);
  }
  return {};
}

Status run_gather(const rt::Instruction& in, const rt::RunEnv& env) {
  const int axis = in.attrs_as<GatherAttrs>()->axis;
  const TensorView &x = in.in(0), &indices = in.in(1), &y = in.out();
  if (y.shape.count() == 0) return {};
  const int64_t along = x.shape[axis];
  const auto count = static_cast<size_t>(indices.shape.count());
  const auto outer = static_cast<size_t>(x.shape.count(0, axis));
  const size_t block = static_cast<size_t>(x.shape.count(axis + 1, x.shape.rank)) * element_bytes(x.dtype);
  Failure failure;
  for_blocks(env, outer * count, items_per_block(block), [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      const int64_t index = index_at(indices, i % count, along);
      if (index < 0) failure.set();
      else copy_block(y, x, i, i / count * static_cast<size_t>(along) + static_cast<size_t>(index), block);
    }
  });
  return failure.status();
}

Status check_gather_elements(const rt::Instruction& in) {
  const auto* a = in.attrs_as<GatherElementsAttrs>();
  VERGE_REQUIRE(a && moves(in), Code::kCorrupt);
  const Shape &x = in.in(0).shape, &i = in.in(1).shape;
  VERGE_REQUIRE(i == in.out().shape && x.rank == i.rank && a->axis >= 0 && a->axis < x.rank, Code::kCorrupt);
  for (int d = 0; d < x.rank; ++d) VERGE_REQUIRE(d == a->axis || i[d] <= x[d], Code::kCorrupt);
  return {};
}

Status run_gather_elements(const rt::Instruction& in, const rt::RunEnv& env) {
  const int axis = in.attrs_as<GatherElementsAttrs>()->axis;
  const TensorView &x = in.in(0), &indices = in.in(1), &y = in.out();
  const size_t width = element_bytes(x.dtype);
  Failure failure;
  for_elements(env, static_cast<size_t>(y.shape.count()), [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      const int64_t index = index_at(indices, i, x.shape[axis]);
      if (index < 0) {
        failure.set();
        continue;
      }
      size_t rest = i, from = 0, stride = 1;
      for (int d = x.shape.rank - 1; d >= 0; --d) {
        const auto size = static_cast<size_t>(y.shape[d]);
        from += (d == axis ? static_cast<size_t>(index) : rest % size) * stride;
        stride *= static_cast<size_t>(x.shape[d]);
        rest /= size;
      }
      copy_block(y, x, i, from, width);
    }
  });
  return failure.status();
}

Status check_gather_nd(const rt::Instruction& in) {
  const auto* a = in.attrs_as<GatherNdAttrs>();
  VERGE_REQUIRE(a && moves(in), Code::kCorrupt);
  const Shape &x = in.in(0).shape, &i = in.in(1).shape, &y = in.out().shape;
  const int batch = a->batch_dims;
  VERGE_REQUIRE(i.rank >= 1 && batch >= 0 && batch < i.rank && batch <= x.rank && i.back(0) >= 0 && i.back(0) <= x.rank - batch, Code::kCorrupt);
  const int indexed = batch + i.back(0);
  VERGE_REQUIRE(y.rank == i.rank - 1 + x.rank - indexed, Code::kCorrupt);
  for (int d = 0; d < y.rank; ++d) VERGE_REQUIRE(y[d] == (d < i.rank - 1 ? i[d] : x[d - (i.rank - 1) + indexed]), Code::kCorrupt);
  for (int d = 0; d < batch; ++d) VERGE_REQUIRE(i[d] == x[d], Code::kCorrupt);
  return {};
}

Status run_gather_nd(const rt::Instruction& in, const rt::RunEnv& env) {
  const int batch = in.attrs_as<GatherNdAttrs>()->batch_dims;
  const TensorView &x = in.in(0), &indices = in.in(1), &y = in.out();
  if (y.shape.count() == 0) return {};
  const int indexed = batch + indices.shape.back(0);
  const auto k = static_cast<size_t>(indices.shape.back(0));
  const auto tuples = static_cast<size_t>(indices.shape.count(0, indices.shape.rank - 1));
  const size_t per_batch = tuples / static_cast<size_t>(indices.shape.count(0, batch));
  const size_t block = static_cast<size_t>(x.shape.count(indexed, x.shape.rank)) * element_bytes(x.dtype);
  Failure failure;
  for_blocks(env, tuples, items_per_block(block), [&](size_t begin, size_t end) {
    for (size_t t = begin; t < end; ++t) {
      size_t from = t / per_batch;
      bool inside = true;
      for (size_t j = 0; j < k && inside; ++j) {
        const int64_t size = x.shape[batch + static_cast<int>(j)], index = index_at(indices, t * k + j, size);
        inside = index >= 0;
        from = from * static_cast<size_t>(size) + static_cast<size_t>(index);
      }
      if (inside) copy_block(y, x, t, from, block);
      else failure.set();
    }
  });
  return failure.status();
}

}  // namespace verge::exec
