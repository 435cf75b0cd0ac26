#include "kernels/unary_bf16/unary_bf16.h"

namespace verge {

UnaryBf16Fn unary_bf16_portable(UnaryF32) { return nullptr; }

std::span<const Kernel<UnaryBf16Table>> unary_bf16_kernels() {
  static constexpr Kernel<UnaryBf16Table> kList[] = {
#define VERGE_KERNEL(isa, name) VERGE_ON_##isa({isas::isa, #name, name}, )
#include "kernels/unary_bf16/kernels.inc"
#undef VERGE_KERNEL
  };
  return kList;
}

UnaryBf16Fn pick_unary_bf16(UnaryF32 function) {
  static constinit Pick pick;
  return pick.from(unary_bf16_kernels()).fn(function);
}

}  // namespace verge
