#include <cmath>

#include "kernels/vec/portable.h"

#include "kernels/elementwise/vector_unary.h"

namespace verge {
namespace {

[[maybe_unused]] float clamped(float x, float min, float max) { return x < min ? min : x > max ? max : x; }

#define VERGE_UNARY(kName, name, value)                                                          \
  void name##_loop(size_t n, const float* in, float* out, [[maybe_unused]] UnaryParams params) { \
    [[maybe_unused]] const float a = params.a, b = params.b;                                     \
    for (size_t i = 0; i < n; ++i) {                                                             \
      const float x = in[i];                                                                     \
      out[i] = static_cast<float>(value);                                                        \
    }                                                                                            \
  }
#include "kernels/elementwise/unary.inc"
#undef VERGE_UNARY

}  // namespace

// The same formulas as on other instruction sets where vectors have them, else those of the C library.
UnaryF32Fn unary_f32_portable(UnaryF32 function) {
  if (const UnaryF32Fn vectors = vector_unary<F32>(function)) return vectors;
  static constexpr UnaryF32Fn kLoops[] = {
#define VERGE_UNARY(kName, name, value) name##_loop,
#include "kernels/elementwise/unary.inc"
#undef VERGE_UNARY
  };
  return kLoops[static_cast<size_t>(function)];
}

}  // namespace verge
