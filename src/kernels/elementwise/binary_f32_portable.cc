#include <cmath>

#include "kernels/elementwise/binary_f32.h"

namespace verge {
namespace {

float floor_mod(float x, float y) {
  const float rest = std::fmod(x, y);
  return rest != 0 && (rest < 0) != (y < 0) ? rest + y : rest;
}

#define VERGE_BINARY(kName, name, value)                                                                              \
  template <Spread kSpread> void name##_loop(size_t n, const float* xs, const float* ys, float* zs, ClampF32 clamp) { \
    const float first_x = n > 0 ? xs[0] : 0, first_y = n > 0 ? ys[0] : 0;                                             \
    for (size_t i = 0; i < n; ++i) {                                                                                  \
      const float x = kSpread == Spread::kX ? first_x : xs[i], y = kSpread == Spread::kY ? first_y : ys[i];           \
      const float z = value;                                                                                          \
      zs[i] = z < clamp.min ? clamp.min : z > clamp.max ? clamp.max : z;                                              \
    }                                                                                                                 \
  }
#include "kernels/elementwise/binary.inc"
#undef VERGE_BINARY

}  // namespace

BinaryF32Fn binary_f32_portable(BinaryF32 function, Spread spread) {
  static constexpr BinaryF32Fn kLoops[][3] = {
#define VERGE_BINARY(kName, name, value) {name##_loop<Spread::kNone>, name##_loop<Spread::kX>, name##_loop<Spread::kY>},
#include "kernels/elementwise/binary.inc"
#undef VERGE_BINARY
  };
  return kLoops[static_cast<size_t>(function)][static_cast<size_t>(spread)];
}

}  // namespace verge
