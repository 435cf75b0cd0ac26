#include "kernels/gemm/igemm_f32.h"

namespace verge {

std::span<const Kernel<IgemmF32Fn>> igemm_f32_kernels() {
  static constexpr Kernel<IgemmF32Fn> kList[] = {
#define VERGE_KERNEL(isa, name) VERGE_ON_##isa({isas::isa, #name, name}, )
#include "kernels/gemm/kernels.inc"
#undef VERGE_KERNEL
  };
  return kList;
}

IgemmF32Fn pick_igemm_f32() {
  static constinit Pick pick;
  return pick.from(igemm_f32_kernels()).fn;
}

}  // namespace verge
