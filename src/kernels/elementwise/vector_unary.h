// The loops of the functions in vector_unary.inc, once for every instruction set. V is the F32 of kernels/vec/.
#include <cstddef>

#include "kernels/elementwise/unary_f32.h"
#include "kernels/vec/math.h"

namespace verge {
namespace {

// x * tanh(log(1 + e^x)); with e = e^x, tanh(log(1 + e)) = (e^2 + 2e) / (e^2 + 2e + 2). Beyond 20 the quotient is 1.
template <typename V> typename V::Reg mish(typename V::Reg x) {
  const auto e = VecMath<V>::exp(V::min(V::set1(20.0f), x));
  const auto top = V::mul(e, V::add(e, V::set1(2.0f)));
  return V::mul(x, V::div(top, V::add(top, V::set1(2.0f))));
}

template <typename V> typename V::Reg gelu_tanh(typename V::Reg x) {
  const auto cubic = V::fma(V::mul(V::set1(0.044715f), x), x, V::set1(1.0f));  // (x + 0.044715 x^3) / x
  const auto t = VecMath<V>::tanh(V::mul(V::mul(V::set1(0.797884561f), x), cubic));
  return V::mul(V::mul(V::set1(0.5f), x), V::add(V::set1(1.0f), t));
}

template <typename V, UnaryF32 kFunction> struct VectorUnary;

#define VERGE_VECTOR_UNARY(kName, value)                                                                                 \
  template <typename V> struct VectorUnary<V, UnaryF32::kName> {                                                         \
    using F = V;                                                                                                         \
    using M = VecMath<V>;                                                                                                \
    using Reg = typename V::Reg;                                                                                         \
    static Reg c(float constant) { return V::set1(constant); }                                                           \
    [[gnu::always_inline]] static inline Reg at(Reg x, [[maybe_unused]] Reg a, [[maybe_unused]] Reg b) { return value; } \
  };
#include "kernels/elementwise/vector_unary.inc"
#undef VERGE_VECTOR_UNARY

template <typename V, UnaryF32 kFunction> void unary_loop(size_t n, const float* x, float* y, UnaryParams params) {
  using Function = VectorUnary<V, kFunction>;
  constexpr size_t kStep = V::kWidth;
  const auto a = V::set1(params.a), b = V::set1(params.b);
  size_t i = 0;
  for (; i + kStep <= n; i += kStep) V::store(y + i, Function::at(V::load(x + i), a, b));
  if (i < n) V::store_first(y + i, Function::at(V::load_first(x + i, n - i), a, b), n - i);
}

template <typename V> UnaryF32Fn vector_unary(UnaryF32 function) {
  switch (function) {
#define VERGE_VECTOR_UNARY(kName, value) \
  case UnaryF32::kName:                  \
    return unary_loop<V, UnaryF32::kName>;
#include "kernels/elementwise/vector_unary.inc"
#undef VERGE_VECTOR_UNARY
    default: return nullptr;
  }
}

}  // namespace
}  // namespace verge
