#include "kernels/gates/gates_f32.h"

#include <iterator>

namespace verge {

std::span<const Kernel<GatesF32Fn>> gates_f32_kernels() {
  static constexpr Kernel<GatesF32Fn> kList[] = {
#define VERGE_KERNEL(isa, name) VERGE_ON_##isa({isas::isa, #name, name}, )
#include "kernels/gates/kernels.inc"
#undef VERGE_KERNEL
      {},  // a list of none has no type
  };
  return std::span(kList).first(std::size(kList) - 1);
}

GatesF32Fns pick_gates_f32() {
  for (const auto& kernel : gates_f32_kernels())
    if (cpu_has(kernel.isa)) return kernel.fn();
  return {};
}

}  // namespace verge
