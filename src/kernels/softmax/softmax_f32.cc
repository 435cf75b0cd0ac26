#include "kernels/softmax/softmax_f32.h"

namespace verge {

std::span<const SoftmaxF32Kernel> softmax_f32_kernels() {
  static constexpr SoftmaxF32Kernel kList[] = {
#define VERGE_KERNEL(isa, name) VERGE_ON_##isa({isas::isa, #name, name, log_##name}, )
#include "kernels/softmax/kernels.inc"
#undef VERGE_KERNEL
  };
  return kList;
}

const SoftmaxF32Kernel& pick_softmax_f32() {
  static constinit Pick pick;
  return pick.from(softmax_f32_kernels());
}

}  // namespace verge
