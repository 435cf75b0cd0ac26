#include "kernels/bf16/bf16.h"

namespace verge {

std::span<const Bf16Kernel> bf16_kernels() {
  static constexpr Bf16Kernel kList[] = {
#define VERGE_KERNEL(isa, name) VERGE_ON_##isa({isas::isa, "bf16_" #name, round_bf16_##name, copy_bf16_##name, pair_bf16_##name, turn_bf16_##name, widen_bf16_##name}, )
#include "kernels/bf16/kernels.inc"
#undef VERGE_KERNEL
  };
  return kList;
}

const Bf16Kernel& pick_bf16() {
  static constinit Pick pick;
  return pick.from(bf16_kernels());
}

}  // namespace verge
