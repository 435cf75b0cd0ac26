#include "kernels/unary_bf16/unary_bf16.h"

#include "kernels/bf16/bf16.h"

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

void UnaryBf16::operator()(size_t n, const uint16_t* x, uint16_t* y) const {
  constexpr size_t kRun = 512;
  if (const UnaryBf16Fn fn = pick_unary_bf16(function)) return fn(n, x, y, params);
  const UnaryF32Fn fn = pick_unary_f32(function);
  float room[kRun];
  for (size_t at = 0; at < n; at += kRun) {
    const size_t run = n - at < kRun ? n - at : kRun;
    pick_bf16().widen(run, x + at, room);
    fn(run, room, room, params);
    pick_bf16().round({1, run, room, run, y + at, run});
  }
}

}  // namespace verge
