// The loop of weighted_sum_f32, once for every instruction set. V is the F32 of kernels/vec/.
#include <cstddef>

#include "kernels/resize/resize.h"

namespace verge {
namespace {

template <typename V> void weighted_sum(size_t n, size_t taps, const float* weights, const float* x, size_t step, float* y) {
  constexpr size_t kStep = V::kWidth;
  size_t i = 0;
  for (; i + kStep <= n; i += kStep) {
    auto sum = V::mul(V::set1(weights[0]), V::load(x + i));
    for (size_t t = 1; t < taps; ++t) sum = V::fma(V::set1(weights[t]), V::load(x + t * step + i), sum);
    V::store(y + i, sum);
  }
  if (const size_t left = n - i; left > 0) {
    auto sum = V::mul(V::set1(weights[0]), V::load_first(x + i, left));
    for (size_t t = 1; t < taps; ++t) sum = V::fma(V::set1(weights[t]), V::load_first(x + t * step + i, left), sum);
    V::store_first(y + i, sum, left);
  }
}

}  // namespace
}  // namespace verge
