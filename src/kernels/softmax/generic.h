// The loops of softmax_f32, once for every instruction set. V is the F32 of kernels/vec/.
#include <math.h>

#include <cstddef>

#include "kernels/softmax/softmax_f32.h"
#include "kernels/vec/math.h"

namespace verge {
namespace {

template <typename V> float sum_of(typename V::Reg x) {
  if constexpr (requires { V::sum(x); }) return V::sum(x);
  float each[V::kWidth], sum = 0;
  V::store(each, x);
  for (float v : each) sum += v;
  return sum;
}

template <typename V> float highest_of(typename V::Reg x) {
  if constexpr (requires { V::highest(x); }) return V::highest(x);
  float each[V::kWidth], most = -INFINITY;
  V::store(each, x);
  for (float v : each) most = v > most ? v : most;
  return most;
}

template <typename V> float row_max(size_t n, const float* x) {
  constexpr size_t kStep = V::kWidth;
  float most = -INFINITY;
  size_t i = 0;
  if (n >= kStep) {
    auto lanes = V::load(x);
    for (i = kStep; i + kStep <= n; i += kStep) lanes = V::max(lanes, V::load(x + i));
    most = highest_of<V>(lanes);
  }
  for (; i < n; ++i) most = x[i] > most ? x[i] : most;
  return most;
}

// e^x; 0 below -86, where it would leave the normal numbers: those cost a hundred times as much on x86, masked scores are full of them, and beside e^0
// they are nothing. Keeps NaN.
template <typename V> typename V::Reg exp_or_nothing(typename V::Reg x) {
  const auto least = V::set1(-86.0f);
  return V::select(V::less(x, least), V::set1(0.0f), VecMath<V>::exp(V::max(least, x)));
}

// The sum of e^(x[i] - most); y[i] becomes the i-th term.
template <typename V> float row_exp(size_t n, const float* x, float most, float* y) {
  constexpr size_t kStep = V::kWidth;
  const auto shift = V::set1(most);
  auto lanes = V::set1(0.0f);
  size_t i = 0;
  for (; i + kStep <= n; i += kStep) {
    const auto e = exp_or_nothing<V>(V::sub(V::load(x + i), shift));
    lanes = V::add(lanes, e);
    V::store(y + i, e);
  }
  float sum = sum_of<V>(lanes);
  if (i == n) return sum;
  V::store_first(y + i, exp_or_nothing<V>(V::sub(V::load_first(x + i, n - i), shift)), n - i);
  for (; i < n; ++i) sum += y[i];
  return sum;
}

// y[i] = x[i] * scale + shift
template <typename V> void row_affine(size_t n, const float* x, float scale, float shift, float* y) {
  constexpr size_t kStep = V::kWidth;
  const auto a = V::set1(scale), b = V::set1(shift);
  size_t i = 0;
  for (; i + kStep <= n; i += kStep) V::store(y + i, V::fma(V::load(x + i), a, b));
  if (i < n) V::store_first(y + i, V::fma(V::load_first(x + i, n - i), a, b), n - i);
}

template <typename V> void softmax_rows(size_t rows, size_t n, const float* x, float* y) {
  for (size_t r = 0; r < rows; ++r, x += n, y += n) row_affine<V>(n, y, 1 / row_exp<V>(n, x, row_max<V>(n, x), y), 0, y);
}

// The terms of the sum go through a small buffer: y may be x, which is read again.
template <typename V> void log_softmax_rows(size_t rows, size_t n, const float* x, float* y) {
  constexpr size_t kPart = 256;
  float terms[kPart];
  for (size_t r = 0; r < rows; ++r, x += n, y += n) {
    const float most = row_max<V>(n, x);
    float sum = 0;
    for (size_t i = 0; i < n; i += kPart) sum += row_exp<V>(n - i < kPart ? n - i : kPart, x + i, most, terms);
    row_affine<V>(n, x, 1, -most - logf(sum), y);
  }
}

}  // namespace
}  // namespace verge
