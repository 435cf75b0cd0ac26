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

}  // namespace verge::exec
