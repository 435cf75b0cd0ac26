// Pointwise loops of training.
//
//   clamp_gradient   dx = dy where low < y < high, else 0
//   sgd              g = scale * gradient + decay * w;  velocity = momentum * velocity + g;  w -= rate * (nesterov ? g + momentum * velocity : velocity)
//   adam             g = scale * gradient + decay * w;  m = beta1 * m + (1 - beta1) * g;  v = beta2 * v + (1 - beta2) * g^2
//                    w -= rate * (m * m_correction / (sqrt(v) * v_correction + epsilon) + decoupled_decay * w)
//
// Formulas of PyTorch's SGD, Adam and AdamW. dx may be dy or y.
#pragma once
#include <cstddef>
#include <span>

#include "kernels/select.h"

namespace verge {

struct SgdF32 {
  float rate = 0, scale = 1, momentum = 0, decay = 0;
  bool nesterov = false;
};

struct AdamF32 {
  float rate = 0, scale = 1, m_correction = 1, v_correction = 1;  // 1 / (1 - beta1^t), 1 / sqrt(1 - beta2^t)
  float beta1 = 0.9f, beta2 = 0.999f, epsilon = 1e-8f, decay = 0, decoupled_decay = 0;
};

struct TrainingF32Kernel {
  Isa isa;
  const char* name;
  void (*clamp_gradient)(size_t n, const float* y, const float* dy, float low, float high, float* dx);
  void (*sgd)(size_t n, const SgdF32& step, const float* gradient, float* w, float* velocity);
  void (*adam)(size_t n, const AdamF32& step, const float* gradient, float* w, float* m, float* v);
};

#define VERGE_KERNEL(isa, name)                                                                                    \
  VERGE_ON_##isa(void name##_clamp_gradient(size_t n, const float* y, const float* dy, float low, float high, float* dx); \
                 void name##_sgd(size_t n, const SgdF32& step, const float* gradient, float* w, float* velocity);         \
                 void name##_adam(size_t n, const AdamF32& step, const float* gradient, float* w, float* m, float* v);)
#include "kernels/training/kernels.inc"
#undef VERGE_KERNEL

std::span<const TrainingF32Kernel> training_f32_kernels();
const TrainingF32Kernel& pick_training_f32();

}  // namespace verge
