#include "kernels/vec/neon.h"

#include "kernels/training/generic.h"

namespace verge {

void training_f32_neon_clamp_gradient(size_t n, const float* y, const float* dy, float low, float high, float* dx) { clamp_gradient<F32>(n, y, dy, low, high, dx); }
void training_f32_neon_sgd(size_t n, const SgdF32& step, const float* gradient, float* w, float* velocity) { sgd<F32>(n, step, gradient, w, velocity); }
void training_f32_neon_adam(size_t n, const AdamF32& step, const float* gradient, float* w, float* m, float* v) { adam<F32>(n, step, gradient, w, m, v); }
void training_f32_neon_max_pool_gradient(const MaxPoolGradientF32& args) { max_pool_gradient<F32>(args); }

}  // namespace verge
