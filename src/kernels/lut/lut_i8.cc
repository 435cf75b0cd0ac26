#include "kernels/lut/lut_i8.h"

namespace verge {
namespace {

constexpr Kernel<LutI8Fn> kList[] = {
#define VERGE_KERNEL(isa, name) VERGE_ON_##isa({isas::isa, #name, name}, )
#include "kernels/lut/kernels.inc"
#undef VERGE_KERNEL
};

}  // namespace

std::span<const Kernel<LutI8Fn>> lut_i8_kernels() { return kList; }

LutI8Fn pick_lut_i8() {
  static constinit Pick pick;
  return pick.from(lut_i8_kernels()).fn;
}

void lut_i8_scalar(size_t n, const uint8_t* x, const uint8_t* table, uint8_t* y) {
  for (size_t i = 0; i < n; ++i) y[i] = table[x[i]];
}

}  // namespace verge
