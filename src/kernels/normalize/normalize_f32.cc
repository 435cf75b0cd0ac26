#include "kernels/normalize/normalize_f32.h"

namespace verge {

std::span<const Kernel<NormalizeF32Fn>> normalize_f32_kernels() {
  static constexpr Kernel<NormalizeF32Fn> kList[] = {
#define VERGE_KERNEL(isa, name) VERGE_ON_##isa({isas::isa, #name, name}, )
#include "kernels/normalize/kernels.inc"
#undef VERGE_KERNEL
  };
  return kList;
}

NormalizeF32Fn pick_normalize_f32() {
  static constinit Pick pick;
  return pick.from(normalize_f32_kernels()).fn;
}

std::span<const Kernel<NormalizeBf16Fn>> normalize_bf16_kernels() {
  static constexpr Kernel<NormalizeBf16Fn> kList[] = {
#define VERGE_KERNEL(isa, name) VERGE_ON_##isa({isas::isa, #name, name}, )
#include "kernels/normalize/bf16_kernels.inc"
#undef VERGE_KERNEL
  };
  return kList;
}

NormalizeBf16Fn pick_normalize_bf16() {
  static constinit Pick pick;
  return pick.from(normalize_bf16_kernels()).fn;
}

}  // namespace verge
