#include "kernels/binary_bf16/binary_bf16.h"

namespace verge {

std::span<const BinaryBf16Kernel> binary_bf16_kernels() {
  static constexpr BinaryBf16Kernel kList[] = {
#define VERGE_KERNEL(isa, name) VERGE_ON_##isa({isas::isa, #name, add_##name, mul_##name, mean_##name}, )
#include "kernels/binary_bf16/kernels.inc"
#undef VERGE_KERNEL
  };
  return kList;
}

const BinaryBf16Kernel& pick_binary_bf16() {
  static constinit Pick pick;
  return pick.from(binary_bf16_kernels());
}

}  // namespace verge
