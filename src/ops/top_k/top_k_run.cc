#include "exec/blocks.h"
#include "exec/checks.h"
#include "exec/op_codes.h"
#include "ops/top_k/top_k_attrs.h"

namespace verge::exec {
namespace {

// A heap in the output arrays whose root is the worst of those kept so far.
template <typename T> class Heap {
 public:
  Heap(T* values, int64_t* indices, size_t room, bool least) : values_(values), indices_(indices), room_(room), least_(least) {}

  void offer(T value, int64_t index) {
    if (size_ < room_) {
      put(size_, value, index);
      for (size_t i = size_++; i > 0 && worse(i, (i - 1) / 2); i = (i - 1) / 2) swap(i, (i - 1) / 2);
    } else if (better(value, index, values_[0], indices_[0])) {
      put(0, value, index);
      sink(0, size_);
    }
  }
  // Best first.
  void sort() {
    for (size_t n = size_; n > 1; --n) {
      swap(0, n - 1);
      sink(0, n - 1);
    }
  }

 private:
  bool better(T a, int64_t i, T b, int64_t j) const { return a == b ? i < j : least_ ? a < b : a > b; }
  bool worse(size_t a, size_t b) const { return better(values_[b], indices_[b], values_[a], indices_[a]); }
  void put(size_t at, T value, int64_t index) {
    values_[at] = value;
    indices_[at] = index;
  }
  void swap(size_t a, size_t b) {
    const T value = values_[a];
    const int64_t index = indices_[a];
    put(a, values_[b], indices_[b]);
    put(b, value, index);
  }
  void sink(size_t at, size_t n) {
    for (size_t child; (child = 2 * at + 1) < n; at = child) {
      if (child + 1 < n && worse(child + 1, child)) ++child;
      if (!worse(child, at)) return;
      swap(child, at);
    }
  }

  T* values_;
  int64_t* indices_;
  size_t room_, size_ = 0;
  bool least_;
};

template <typename T> void top_k(const rt::Instruction& in, const rt::RunEnv& env) {
  const TensorView &x = in.in(0), &values = in.out(0), &indices = in.out(1);
  const auto n = static_cast<size_t>(x.shape.back(0)), k = static_cast<size_t>(values.shape.back(0));
  const bool least = in.attrs_as<TopKAttrs>()->least != 0;
  if (k == 0) return;
  for_blocks(env, static_cast<size_t>(values.shape.count()) / k, items_per_block(n), [&](size_t begin, size_t end) {
    for (size_t r = begin; r < end; ++r) {
      Heap<T> heap(values.mut<T>() + r * k, indices.mut<int64_t>() + r * k, k, least);
      for (size_t i = 0; i < n; ++i) heap.offer(x.as<T>()[r * n + i], static_cast<int64_t>(i));
      heap.sort();
    }
  });
}

}  // namespace

Status check_topk(const rt::Instruction& in) {
  const auto* a = in.attrs_as<TopKAttrs>();
  VERGE_REQUIRE(a && a->least <= 1 && arity(in, 1, 2), Code::kCorrupt);
  const TensorView &x = in.in(0), &values = in.out(0), &indices = in.out(1);
  const bool types = x.dtype == DataType::kF32 || x.dtype == DataType::kI8 || x.dtype == DataType::kU8 || x.dtype == DataType::kI32 || x.dtype == DataType::kI64 || x.dtype == DataType::kU64;
  VERGE_REQUIRE(types && values.dtype == x.dtype && indices.dtype == DataType::kI64 && x.shape.rank >= 1, Code::kCorrupt);
  Shape expected = x.shape;
  if (values.shape.rank == x.shape.rank) expected[x.shape.rank - 1] = values.shape.back(0);
  VERGE_REQUIRE(values.shape == expected && indices.shape == expected && expected.back(0) <= x.shape.back(0), Code::kCorrupt);
  return {};
}

Status run_topk(const rt::Instruction& in, const rt::RunEnv& env) {
  switch (in.in(0).dtype) {
    case DataType::kI8: top_k<int8_t>(in, env); break;
    case DataType::kU8: top_k<uint8_t>(in, env); break;
    case DataType::kI32: top_k<int32_t>(in, env); break;
    case DataType::kI64: top_k<int64_t>(in, env); break;
    case DataType::kU64: top_k<uint64_t>(in, env); break;
    default: top_k<float>(in, env);
  }
  return {};
}

}  // namespace verge::exec
