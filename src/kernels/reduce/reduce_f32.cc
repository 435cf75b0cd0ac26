#include "kernels/reduce/reduce_f32.h"

namespace verge {

std::span<const Kernel<ReduceF32Table>> reduce_f32_kernels() {
  static constexpr Kernel<ReduceF32Table> kList[] = {
#define VERGE_KERNEL(isa, name) VERGE_ON_##isa({isas::isa, #name, name}, )
#include "kernels/reduce/kernels.inc"
#undef VERGE_KERNEL
  };
  return kList;
}

ReduceF32Fn pick_reduce_f32(ReduceF32 function) {
  static constinit Pick pick;
  return pick.from(reduce_f32_kernels()).fn(function);
}

void arg_f32(ArgWhat what, ArgTie tie, const ReduceShape& s, const float* x, int64_t* y) {
  const auto better = [&](float a, float b) {
    if (a == b) return tie == ArgTie::kLast;
    return what == ArgWhat::kMax ? a > b : a < b;
  };
  for (size_t o = 0; o < s.outer; ++o, x += s.axis * s.inner)
    for (size_t i = 0; i < s.inner; ++i) {
      size_t best = 0;
      for (size_t row = 1; row < s.axis; ++row)
        if (better(x[row * s.inner + i], x[best * s.inner + i])) best = row;
      *y++ = static_cast<int64_t>(best);
    }
}

}  // namespace verge
