// The loops of reduce_f32, once for every instruction set. V is the F32 of kernels/vec/.
#include <math.h>

#include <cstddef>

#include "kernels/reduce/reduce_f32.h"
#include "kernels/vec/math.h"

namespace verge {
namespace {

// A reduction: what each value becomes, how two partial results merge, what a result becomes at the end.
template <typename V> struct Plain {
  using Reg = typename V::Reg;
  static Reg term(Reg x) { return x; }
  static float finish(float x, size_t) { return x; }
};
template <typename V> struct Adding : Plain<V> {
  using Reg = typename V::Reg;
  static constexpr float kEmpty = 0;
  static Reg merge(Reg x, Reg y) { return V::add(x, y); }
  static float merge1(float x, float y) { return x + y; }
};
template <typename V> struct SumOp : Adding<V> {};
template <typename V> struct MeanOp : Adding<V> {
  static float finish(float x, size_t axis) { return x / static_cast<float>(axis); }
};
template <typename V> struct SumSquareOp : Adding<V> {
  static typename V::Reg term(typename V::Reg x) { return V::mul(x, x); }
};
template <typename V> struct L1Op : Adding<V> {
  static typename V::Reg term(typename V::Reg x) { return V::abs(x); }
};
template <typename V> struct L2Op : SumSquareOp<V> {
  static float finish(float x, size_t) { return sqrtf(x); }
};
template <typename V> struct LogSumOp : Adding<V> {
  static float finish(float x, size_t) { return logf(x); }
};
template <typename V> struct MaxOp : Plain<V> {
  using Reg = typename V::Reg;
  static constexpr float kEmpty = -INFINITY;
  static Reg merge(Reg x, Reg y) { return V::max(x, y); }
  static float merge1(float x, float y) { return x > y ? x : y; }
};
template <typename V> struct MinOp : Plain<V> {
  using Reg = typename V::Reg;
  static constexpr float kEmpty = INFINITY;
  static Reg merge(Reg x, Reg y) { return V::min(x, y); }
  static float merge1(float x, float y) { return x < y ? x : y; }
};
template <typename V> struct ProdOp : Plain<V> {
  using Reg = typename V::Reg;
  static constexpr float kEmpty = 1;
  static Reg merge(Reg x, Reg y) { return V::mul(x, y); }
  static float merge1(float x, float y) { return x * y; }
};

// n neighbouring values, of which the last may be fewer than a register.
template <typename V, typename Op> float reduce_run(size_t n, const float* x) {
  constexpr size_t kStep = V::kWidth;
  float total = Op::kEmpty;
  size_t i = 0;
  while (i + kStep <= n) {
    auto lanes = V::set1(Op::kEmpty);
    for (size_t block = 0; block < kReduceBlock && i + kStep <= n; ++block, i += kStep) lanes = Op::merge(lanes, Op::term(V::load(x + i)));
    float each[kStep];
    V::store(each, lanes);
    for (float v : each) total = Op::merge1(total, v);
  }
  if (i == n) return total;
  float each[kStep];
  V::store(each, Op::term(V::load_first(x + i, n - i)));
  for (size_t j = 0; j < n - i; ++j) total = Op::merge1(total, each[j]);
  return total;
}

// The first n columns of one [axis, inner], n <= kWidth.
template <typename V, typename Op> void reduce_columns(const ReduceShape& s, const float* x, size_t n, float* y) {
  constexpr size_t kStep = V::kWidth;
  auto total = V::set1(Op::kEmpty);
  for (size_t row = 0; row < s.axis;) {
    auto sum = V::set1(Op::kEmpty);
    for (size_t block = 0; block < kReduceBlock && row < s.axis; ++block, ++row, x += s.inner)
      sum = Op::merge(sum, Op::term(n == kStep ? V::load(x) : V::load_first(x, n)));
    total = Op::merge(total, sum);
  }
  float each[kStep];
  V::store(each, total);
  for (size_t i = 0; i < n; ++i) y[i] = Op::finish(each[i], s.axis);
}

template <typename V, typename Op> void reduce_all(const ReduceShape& s, const float* x, float* y) {
  constexpr size_t kStep = V::kWidth;
  for (size_t o = 0; o < s.outer; ++o, x += s.axis * s.inner, y += s.inner) {
    if (s.inner == 1) {
      *y = Op::finish(reduce_run<V, Op>(s.axis, x), s.axis);
    } else {
      for (size_t i = 0; i < s.inner; i += kStep) reduce_columns<V, Op>(s, x + i, s.inner - i < kStep ? s.inner - i : kStep, y + i);
    }
  }
}

// max + log(sum of e^(x - max)); where the maximum is infinite it is the result.
template <typename V> void reduce_log_sum_exp(const ReduceShape& s, const float* x, float* y) {
  constexpr size_t kStep = V::kWidth;
  for (size_t o = 0; o < s.outer; ++o, x += s.axis * s.inner, y += s.inner) {
    reduce_all<V, MaxOp<V>>({1, s.axis, s.inner}, x, y);
    for (size_t i = 0; i < s.inner; ++i) {
      if (isinf(y[i])) continue;
      float sum = 0;
      for (size_t row = 0; row < s.axis; row += kStep) {
        const size_t n = s.axis - row < kStep ? s.axis - row : kStep;
        float each[kStep] = {};
        for (size_t j = 0; j < n; ++j) each[j] = x[(row + j) * s.inner + i] - y[i];
        V::store(each, VecMath<V>::exp(V::load(each)));
        for (size_t j = 0; j < n; ++j) sum += each[j];
      }
      y[i] += logf(sum);
    }
  }
}

template <typename V> ReduceF32Fn reduce_table(ReduceF32 function) {
  constexpr ReduceF32Fn kTable[] = {reduce_all<V, SumOp<V>>,    reduce_all<V, MeanOp<V>>,      reduce_all<V, MaxOp<V>>, reduce_all<V, MinOp<V>>,
                                    reduce_all<V, ProdOp<V>>,   reduce_all<V, SumSquareOp<V>>, reduce_all<V, L1Op<V>>,  reduce_all<V, L2Op<V>>,
                                    reduce_all<V, LogSumOp<V>>, reduce_log_sum_exp<V>};
  static_assert(sizeof(kTable) / sizeof(kTable[0]) == kReduceF32Count);
  return kTable[static_cast<size_t>(function)];
}

}  // namespace
}  // namespace verge
