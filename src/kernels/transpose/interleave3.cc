#include "kernels/transpose/interleave3_generic.h"

namespace verge {
namespace {

constexpr Kernel<Interleave3Fn> kList[] = {
#define VERGE_KERNEL(isa, name) VERGE_ON_##isa({isas::isa, #name, name}, )
#include "kernels/transpose/kernels.inc"
#undef VERGE_KERNEL
};

}  // namespace

std::span<const Kernel<Interleave3Fn>> interleave3_kernels() { return kList; }

Interleave3Fn pick_interleave3() {
  static constinit Pick pick;
  return pick.from(interleave3_kernels()).fn;
}

void interleave3_any(size_t n, size_t element_bytes, const void* x, size_t plane, void* y) { interleave(n, element_bytes, x, plane, y); }

}  // namespace verge
