#include "kernels/reduce_i8/reduce_i8.h"

#include <bit>
#include <cstring>

#include "kernels/pool_i8/pool_i8.h"

namespace verge {
namespace {

constexpr size_t kPointers = 256;  // on the stack
constexpr size_t kColumns = 256;   // on the stack

size_t at_most(size_t a, size_t b) { return a < b ? a : b; }

// Walks the dims of one kind (kept or reduced) in order and says where in x their index lies.
class Walk {
 public:
  Walk(const ReduceI8& r, bool reduced, int rank) {
    size_t step = 1;
    for (int i = r.rank - 1; i >= 0; --i) {
      if (r.reduced[i] == reduced && i < rank) {
        dims_[count_] = r.dims[i];
        steps_[count_++] = step;
      }
      step *= r.dims[i];
    }
  }
  size_t size() const {
    size_t n = 1;
    for (int i = 0; i < count_; ++i) n *= dims_[i];
    return n;
  }
  size_t offset(size_t index) const {
    size_t at = 0;
    for (int i = 0; i < count_; ++i) {
      at += index % dims_[i] * steps_[i];
      index /= dims_[i];
    }
    return at;
  }

 private:
  int count_ = 0;
  size_t dims_[kReduceRank], steps_[kReduceRank];  // innermost first
};

// The trailing dims of one kind are a run of neighbouring values.
struct Run {
  int rank;  // dims before the run
  size_t length = 1;
  bool reduced;

  explicit Run(const ReduceI8& r) : rank(r.rank), reduced(r.rank > 0 && r.reduced[r.rank - 1]) {
    while (rank > 0 && r.reduced[rank - 1] == reduced) length *= r.dims[--rank];
  }
};

uint8_t flip(const ReduceI8& r) { return r.is_unsigned ? 0x80 : 0; }

// Values are int32 in the int8 view.
int32_t merge(ReduceI8Op op, int32_t a, int32_t b) {
  if (op == ReduceI8Op::kMax) return a > b ? a : b;
  if (op == ReduceI8Op::kMin) return a < b ? a : b;
  return a + b;
}

int32_t reduce_run(const ReduceI8& r, const uint8_t* x, size_t n) {
  const uint8_t flipped = flip(r);
  int32_t total = r.op == ReduceI8Op::kMax ? -128 : r.op == ReduceI8Op::kMin ? 127 : 0;
  for (size_t i = 0; i < n; ++i) total = merge(r.op, total, static_cast<int8_t>(x[i] ^ flipped));
  return total;
}

// part[c] over `rows` rows of n neighbouring values.
void reduce_rows(const ReduceI8& r, size_t rows, const void* const* x, size_t n, int32_t* part) {
  if (r.op == ReduceI8Op::kMean || r.op == ReduceI8Op::kSum) return pick_pool_i8().sum(rows, x, n, flip(r), part);
  for (size_t c = 0; c < n; ++c) part[c] = static_cast<int8_t>(static_cast<const uint8_t*>(x[0])[c] ^ flip(r));
  for (size_t i = 1; i < rows; ++i)
    for (size_t c = 0; c < n; ++c) part[c] = merge(r.op, part[c], static_cast<int8_t>(static_cast<const uint8_t*>(x[i])[c] ^ flip(r)));
}

// From the int8 view's totals over `count` values each to y.
class Finish {
 public:
  Finish(const ReduceI8& r, size_t count) : r_(r), count_(static_cast<int64_t>(count)) {
    const bool mean = r.op == ReduceI8Op::kMean;
    multiplier_ = mean ? mean_multiplier(r.multiplier, count_) : r.multiplier;
    scale_ = mean ? r.scale / static_cast<float>(count_) : r.scale;
    for (size_t i = 0; i < kColumnBlock; ++i) multipliers_[i] = multiplier_.multiplier, shifts_[i] = static_cast<int8_t>(multiplier_.shift), scales_[i] = scale_;
  }
  void operator()(const int32_t* totals, size_t n, uint8_t* y) const {
    if (r_.op == ReduceI8Op::kMax || r_.op == ReduceI8Op::kMin) return store_extremes(totals, n, y);
    const auto zero = static_cast<int32_t>(static_cast<uint32_t>(count_ * (r_.x_zero_point - (r_.is_unsigned ? 128 : 0))));
    const Requant requant{r_.mode, multipliers_, shifts_, scales_, r_.y_zero_point, r_.min, r_.max};
    for (size_t c = 0; c < n; c += kColumnBlock) {
      int32_t acc[kColumnBlock];
      const size_t columns = at_most(kColumnBlock, n - c);
      for (size_t i = 0; i < columns; ++i) acc[i] = static_cast<int32_t>(static_cast<uint32_t>(totals[c + i]) - static_cast<uint32_t>(zero));
      pick_requant()(1, columns, acc, 0, requant, y + c, 0);
    }
  }

 private:
  void store_extremes(const int32_t* totals, size_t n, uint8_t* y) const {
    for (size_t c = 0; c < n; ++c) {
      const int32_t v = totals[c] + (r_.is_unsigned ? 128 : 0);
      y[c] = static_cast<uint8_t>(v < r_.min ? r_.min : v > r_.max ? r_.max : v);
    }
  }
  const ReduceI8& r_;
  int64_t count_;
  Multiplier multiplier_;
  float scale_;
  int32_t multipliers_[kColumnBlock];
  int8_t shifts_[kColumnBlock];
  float scales_[kColumnBlock];
};

// The innermost dims are reduced: y is made one value at a time.
void reduce_inner(const ReduceI8& r, const Run& run, const Finish& finish, uint8_t* y) {
  const Walk kept(r, false, r.rank), rows(r, true, run.rank);
  for (size_t o = 0; o < kept.size(); ++o) {
    const uint8_t* x = static_cast<const uint8_t*>(r.x) + kept.offset(o);
    int32_t total = reduce_run(r, x, run.length);
    for (size_t i = 1; i < rows.size(); ++i) total = merge(r.op, total, reduce_run(r, x + rows.offset(i), run.length));
    finish(&total, 1, y + o);
  }
}

// The innermost dims are kept: y is made some neighbouring values at a time.
void reduce_outer(const ReduceI8& r, const Run& run, const Finish& finish, uint8_t* y) {
  const Walk kept(r, false, run.rank), rows(r, true, run.rank);
  const size_t count = rows.size();
  for (size_t o = 0; o < kept.size(); ++o)
    for (size_t c = 0; c < run.length; c += kColumns) {
      const size_t n = at_most(kColumns, run.length - c);
      const uint8_t* x = static_cast<const uint8_t*>(r.x) + kept.offset(o) + c;
      int32_t totals[kColumns], part[kColumns];
      for (size_t begin = 0; begin < count; begin += kPointers) {
        const void* pointers[kPointers];
        const size_t slice = at_most(kPointers, count - begin);
        for (size_t i = 0; i < slice; ++i) pointers[i] = x + rows.offset(begin + i);
        reduce_rows(r, slice, pointers, n, begin == 0 ? totals : part);
        for (size_t i = 0; begin > 0 && i < n; ++i) totals[i] = merge(r.op, totals[i], part[i]);
      }
      finish(totals, n, y + o * run.length + c);
    }
}

}  // namespace

Multiplier mean_multiplier(Multiplier scales, int64_t n) {
  int shift = 63 - std::countl_zero(static_cast<uint64_t>(n));
  if (shift > 32) shift = 32;
  if (shift > 31 + scales.shift) shift = 31 + scales.shift;
  return {static_cast<int32_t>((static_cast<int64_t>(scales.multiplier) << shift) / n), scales.shift - shift};
}

void reduce_i8(const ReduceI8& r) {
  const size_t kept = Walk(r, false, r.rank).size(), count = Walk(r, true, r.rank).size();
  auto* y = static_cast<uint8_t*>(r.y);
  if (count == 0) return static_cast<void>(std::memset(y, r.y_zero_point, kept));
  const Run run(r);
  const Finish finish(r, count);
  run.reduced ? reduce_inner(r, run, finish, y) : reduce_outer(r, run, finish, y);
}

}  // namespace verge
