#include "kernels/elementwise/unary_f32.h"

namespace verge {

std::span<const Kernel<UnaryF32Table>> unary_f32_kernels() {
  static constexpr Kernel<UnaryF32Table> kList[] = {
#define VERGE_KERNEL(isa, name) VERGE_ON_##isa({isas::isa, #name, name}, )
#include "kernels/elementwise/unary_kernels.inc"
#undef VERGE_KERNEL
  };
  return kList;
}

UnaryF32Fn pick_unary_f32(UnaryF32 function) {
  for (const auto& kernel : unary_f32_kernels())
    if (cpu_has(kernel.isa))
      if (const UnaryF32Fn fn = kernel.fn(function)) return fn;
  return unary_f32_portable(function);
}

const char* unary_f32_name(UnaryF32 function) {
  static constexpr const char* kNames[] = {
#define VERGE_UNARY(kName, name, value) #name,
#include "kernels/elementwise/unary.inc"
#undef VERGE_UNARY
  };
  return kNames[static_cast<size_t>(function)];
}

}  // namespace verge
