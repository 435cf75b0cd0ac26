// y[i] = f(x[i]) for the functions of unary.inc. x, y: [n] f32; y may be x.
//
// The portable kernels are libm's functions; the vector kernels differ from them by at most kUnaryF32Ulps of the result, and by less than
// kUnaryF32Absolute where the result is a small difference (tanh, erf, elu near zero).
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/select.h"

namespace verge {

enum class UnaryF32 : uint8_t {
#define VERGE_UNARY(kName, name, value) kName,
#include "kernels/elementwise/unary.inc"
#undef VERGE_UNARY
};

inline constexpr float kUnaryF32Ulps = 4;
inline constexpr float kUnaryF32Absolute = 2e-7f;

// What a and b mean stands with each function in unary.inc; most read neither.
struct UnaryParams {
  float a = 0;
  float b = 0;
};

using UnaryF32Fn = void (*)(size_t n, const float* x, float* y, UnaryParams params);

UnaryF32Fn pick_unary_f32(UnaryF32 function);  // the fastest that this processor runs; never null
const char* unary_f32_name(UnaryF32 function);

// One instruction set's functions: null for those that it leaves to the next in the list.
using UnaryF32Table = UnaryF32Fn (*)(UnaryF32 function);
#define VERGE_KERNEL(isa, name) VERGE_ON_##isa(UnaryF32Fn name(UnaryF32 function);)
#include "kernels/elementwise/unary_kernels.inc"
#undef VERGE_KERNEL
std::span<const Kernel<UnaryF32Table>> unary_f32_kernels();

}  // namespace verge
