#include "kernels/batch_norm/batch_norm_f32.h"

namespace verge {

std::span<const BatchNormF32Kernel> batch_norm_f32_kernels() {
  static constexpr BatchNormF32Kernel kList[] = {
#define VERGE_KERNEL(isa, name) VERGE_ON_##isa({isas::isa, #name, name##_sums, name##_normalise, name##_gradient_sums, name##_gradient}, )
#include "kernels/batch_norm/kernels.inc"
#undef VERGE_KERNEL
  };
  return kList;
}

const BatchNormF32Kernel& pick_batch_norm_f32() {
  static constinit Pick pick;
  return pick.from(batch_norm_f32_kernels());
}

}  // namespace verge
