#include "kernels/outer/outer_f32.h"

namespace verge {

std::span<const Kernel<OuterF32Fn>> outer_f32_kernels() {
  static constexpr Kernel<OuterF32Fn> kList[] = {
#define VERGE_KERNEL(isa, name) VERGE_ON_##isa({isas::isa, #name, name}, )
#include "kernels/outer/kernels.inc"
#undef VERGE_KERNEL
  };
  return kList;
}

OuterF32Fn pick_outer_f32() {
  static constinit Pick pick;
  return pick.from(outer_f32_kernels()).fn;
}

}  // namespace verge
