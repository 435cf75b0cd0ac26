#include "kernels/softmax_bf16/softmax_bf16.h"

namespace verge {

std::span<const Kernel<SoftmaxBf16Fn>> softmax_bf16_kernels() {
  static constexpr Kernel<SoftmaxBf16Fn> kList[] = {
#define VERGE_KERNEL(isa, name) VERGE_ON_##isa({isas::isa, #name, name}, )
#include "kernels/softmax_bf16/kernels.inc"
#undef VERGE_KERNEL
  };
  return kList;
}

SoftmaxBf16Fn pick_softmax_bf16() {
  static constinit Pick pick;
  return pick.from(softmax_bf16_kernels()).fn;
}

}  // namespace verge
