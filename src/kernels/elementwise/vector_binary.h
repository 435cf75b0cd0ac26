// The arithmetic functions of binary.inc, once for every instruction set. V is the F32 of kernels/vec/.
#include <cstddef>

#include "kernels/elementwise/binary_f32.h"

namespace verge {
namespace {

template <typename V, BinaryF32 kFunction> [[gnu::always_inline]] inline typename V::Reg binary_at(typename V::Reg x, typename V::Reg y) {
  if constexpr (kFunction == BinaryF32::kAdd) return V::add(x, y);
  if constexpr (kFunction == BinaryF32::kSub) return V::sub(x, y);
  if constexpr (kFunction == BinaryF32::kMul) return V::mul(x, y);
  if constexpr (kFunction == BinaryF32::kDiv) return V::div(x, y);
  if constexpr (kFunction == BinaryF32::kSquaredDifference) return V::mul(V::sub(x, y), V::sub(x, y));
  if constexpr (kFunction == BinaryF32::kPrelu) return V::select(V::less(x, V::set1(0.0f)), V::mul(x, y), x);
}

template <typename V, BinaryF32 kFunction, Spread kSpread> void binary_loop(size_t n, const float* x, const float* y, float* z, ClampF32 clamp) {
  constexpr size_t kStep = V::kWidth;
  if (n == 0) return;
  const auto lo = V::set1(clamp.min), hi = V::set1(clamp.max), first_x = V::set1(x[0]), first_y = V::set1(y[0]);
  size_t i = 0;
  for (; i + kStep <= n; i += kStep) {
    const auto a = kSpread == Spread::kX ? first_x : V::load(x + i), b = kSpread == Spread::kY ? first_y : V::load(y + i);
    V::store(z + i, V::min(hi, V::max(lo, binary_at<V, kFunction>(a, b))));
  }
  if (i == n) return;
  const auto a = kSpread == Spread::kX ? first_x : V::load_first(x + i, n - i), b = kSpread == Spread::kY ? first_y : V::load_first(y + i, n - i);
  V::store_first(z + i, V::min(hi, V::max(lo, binary_at<V, kFunction>(a, b))), n - i);
}

template <typename V, BinaryF32 kFunction> BinaryF32Fn binary_spread(Spread spread) {
  constexpr BinaryF32Fn kLoops[] = {binary_loop<V, kFunction, Spread::kNone>, binary_loop<V, kFunction, Spread::kX>, binary_loop<V, kFunction, Spread::kY>};
  return kLoops[static_cast<size_t>(spread)];
}

template <typename V> BinaryF32Fn vector_binary(BinaryF32 function, Spread spread) {
  switch (function) {
    case BinaryF32::kAdd: return binary_spread<V, BinaryF32::kAdd>(spread);
    case BinaryF32::kSub: return binary_spread<V, BinaryF32::kSub>(spread);
    case BinaryF32::kMul: return binary_spread<V, BinaryF32::kMul>(spread);
    case BinaryF32::kDiv: return binary_spread<V, BinaryF32::kDiv>(spread);
    case BinaryF32::kSquaredDifference: return binary_spread<V, BinaryF32::kSquaredDifference>(spread);
    case BinaryF32::kPrelu: return binary_spread<V, BinaryF32::kPrelu>(spread);
    default: return nullptr;
  }
}

}  // namespace
}  // namespace verge
