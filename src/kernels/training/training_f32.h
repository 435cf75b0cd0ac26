// Pointwise loops of training.
//
//   clamp_gradient   dx = dy where low < y < high, else 0
//   sgd              g = scale * gradient + decay * w;  velocity = momentum * velocity + g;  w -= rate * (nesterov ? g + momentum * velocity : velocity)
//   adam             g = scale * gradient + decay * w;  m = beta1 * m + (1 - beta1) * g;  v = beta2 * v + (1 - beta2) * g^2
//                    w -= rate * (m * m_correction / (sqrt(v) * v_correction + epsilon) + decoupled_decay * w)
//
//   max_pool_gradient  dx at the first largest of x's taps += dy, or = dy where no window shares a pixel with another
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

// A row of windows that all have the same taps inside the picture: window p sees x[p * step + offsets[t] + c] and dx alike; dy [pixels, channels].
struct MaxPoolGradientF32 {
  size_t pixels = 0, channels = 0, taps = 0;
  const size_t* offsets = nullptr;  // [taps]
  const float* x = nullptr;
  const float* dy = nullptr;
  float* dx = nullptr;
  size_t step = 0;
  bool shared = false;  // pixels lie in several windows: add to dx
};

struct TrainingF32Kernel {
  Isa isa;
  const char* name;
  void (*clamp_gradient)(size_t n, const float* y, const float* dy, float low, float high, float* dx);
  void (*sgd)(size_t n, const SgdF32& step, const float* gradient, float* w, float* velocity);
  void (*adam)(size_t n, const AdamF32& step, const float* gradient, float* w, float* m, float* v);
  void (*max_pool_gradient)(const MaxPoolGradientF32& args);
};

#define VERGE_KERNEL(isa, name)                                                                                    \
  VERGE_ON_##isa(void name##_clamp_gradient(size_t n, const float* y, const float* dy, float low, float high, float* dx); \
                 void name##_sgd(size_t n, const SgdF32& step, const float* gradient, float* w, float* velocity);         \
                 void name##_adam(size_t n, const AdamF32& step, const float* gradient, float* w, float* m, float* v);    \
                 void name##_max_pool_gradient(const MaxPoolGradientF32& args);)
#include "kernels/training/kernels.inc"
#undef VERGE_KERNEL

std::span<const TrainingF32Kernel> training_f32_kernels();
const TrainingF32Kernel& pick_training_f32();

}  // namespace verge
