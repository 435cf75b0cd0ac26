#include "kernels/elementwise/binary_f32.h"

namespace verge {

std::span<const Kernel<BinaryF32Table>> binary_f32_kernels() {
  static constexpr Kernel<BinaryF32Table> kList[] = {
#define VERGE_KERNEL(isa, name) VERGE_ON_##isa({isas::isa, #name, name}, )
#include "kernels/elementwise/binary_kernels.inc"
#undef VERGE_KERNEL
  };
  return kList;
}

BinaryF32Fn pick_binary_f32(BinaryF32 function, Spread spread) {
  for (const auto& kernel : binary_f32_kernels())
    if (cpu_has(kernel.isa))
      if (const BinaryF32Fn fn = kernel.fn(function, spread)) return fn;
  return binary_f32_portable(function, spread);
}

const char* binary_f32_name(BinaryF32 function) {
  static constexpr const char* kNames[] = {
#define VERGE_BINARY(kName, name, value) #name,
#include "kernels/elementwise/binary.inc"
#undef VERGE_BINARY
  };
  return kNames[static_cast<size_t>(function)];
}

}  // namespace verge
