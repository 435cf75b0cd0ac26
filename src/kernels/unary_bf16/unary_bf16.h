// y[i] = bf16(f(x[i])) for functions of kernels/elementwise/unary.inc that have a loop of their own for bf16: cheaper than that of floats, and exact to
// 2^-9 of the result or 4e-6 before it is rounded. x, y: [n] bf16; y may be x.
#pragma once
#include "kernels/elementwise/unary_f32.h"

namespace verge {

using UnaryBf16Fn = void (*)(size_t n, const uint16_t* x, uint16_t* y, UnaryParams params);

// Null where there is none: widen, take the function of floats, round.
UnaryBf16Fn pick_unary_bf16(UnaryF32 function);

// Any function of numbers of bf16, by its own loop or widened a run at a time.
struct UnaryBf16 {
  UnaryF32 function = UnaryF32::kIdentity;
  UnaryParams params;
  void operator()(size_t n, const uint16_t* x, uint16_t* y) const;
};

// One instruction set's functions; null for those that it lacks.
using UnaryBf16Table = UnaryBf16Fn (*)(UnaryF32 function);
#define VERGE_KERNEL(isa, name) VERGE_ON_##isa(UnaryBf16Fn name(UnaryF32 function);)
#include "kernels/unary_bf16/kernels.inc"
#undef VERGE_KERNEL
std::span<const Kernel<UnaryBf16Table>> unary_bf16_kernels();

}  // namespace verge
