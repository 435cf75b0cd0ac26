// Steps of an optimiser, in place.
//
//   sgd_f32    in: w, velocity, gradient, schedule[, scale]; out: w, velocity
//   adam_f32   in: w, m, v, gradient, schedule[, scale]; out: w, m, v
//
// The schedule is [rate, 1 / (1 - beta1^t), 1 / sqrt(1 - beta2^t)]; scale, one number, multiplies the gradient.
#pragma once
#include <cstdint>

namespace verge::exec {

inline constexpr int64_t kScheduleSize = 3;

struct SgdAttrs {
  float momentum = 0, decay = 0;
  int32_t nesterov = 0;
};

struct AdamAttrs {
  float beta1 = 0.9f, beta2 = 0.999f, epsilon = 1e-8f;
  float decay = 0, decoupled_decay = 0;
};

}  // namespace verge::exec
