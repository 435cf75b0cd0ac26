#include "kernels/vec/wasm.h"

#include "kernels/resize/generic.h"

namespace verge {

void weighted_sum_f32_wasm(size_t n, size_t taps, const float* weights, const float* x, size_t step, float* y) {
  weighted_sum<F32>(n, taps, weights, x, step, y);
}

}  // namespace verge
