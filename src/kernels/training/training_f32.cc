#include "kernels/training/training_f32.h"

namespace verge {

std::span<const TrainingF32Kernel> training_f32_kernels() {
  static constexpr TrainingF32Kernel kList[] = {
#define VERGE_KERNEL(isa, name) VERGE_ON_##isa({isas::isa, #name, name##_clamp_gradient, name##_sgd, name##_adam, name##_max_pool_gradient}, )
#include "kernels/training/kernels.inc"
#undef VERGE_KERNEL
  };
  return kList;
}

const TrainingF32Kernel& pick_training_f32() {
  static constinit Pick pick;
  return pick.from(training_f32_kernels());
}

}  // namespace verge
