// Pointwise functions on the device.
#pragma once
#include "kernels/elementwise/unary_f32.h"

namespace verge::exec {

// y[i] = f(x[i]), f32. The function codes are the kernel list's order, which is part of the Program format: append only.
struct UnaryF32Attrs {
  uint32_t function = 0;
  float a = 0, b = 0;
};

// y[i] = table[x[i]] for 8-bit types: inputs x and the table, [256] of y's width, by the byte's unsigned value.
struct Lut8Attrs {
  uint32_t reserved = 0;
};

// y = f(x) on quantised i16, kernels/unary_i16/unary_i16.h; zero points stand with the tensors. Codes are part of the Program format: append only.
enum class UnaryI16Function : uint32_t { kRescale, kLeakyRelu, kSigmoid, kTanh, kCount };
struct UnaryI16Attrs {  // sigmoid and tanh: multiplier and shift bring x to their input, and input 1 is their table, u16 [256]
  uint32_t function = 0;
  int32_t multiplier = 0, shift = 0;
  int32_t negative_multiplier = 0, negative_shift = 0;
  uint32_t slope_is_negative = 0;
  int32_t min = -32768, max = 32767;
};

}  // namespace verge::exec
