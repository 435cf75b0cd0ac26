// Sums of outer products: the matrix product whose long side is the one that is summed over, such as the gradient of weights over all pixels.
//
//   c[i, j] += sum over r < runs, p < pixels of a[r * a_run + p * a_step + i] * b[r * b_run + p * b_step + j]
//
// Neither operand is packed. Every c is summed in the order r, p on every kernel, then added to what c holds.
#pragma once
#include <cstddef>
#include <span>

#include "kernels/select.h"

namespace verge {

struct OuterF32 {
  size_t runs = 1, pixels = 0;
  const float* a = nullptr;
  size_t a_run = 0, a_step = 0;
  const float* b = nullptr;
  size_t b_run = 0, b_step = 0;
  float* c = nullptr;
  size_t c_step = 0;
};

// m rows and n columns of c; neither is limited.
using OuterF32Fn = void (*)(size_t m, size_t n, const OuterF32& args);

#define VERGE_KERNEL(isa, name) VERGE_ON_##isa(void name(size_t m, size_t n, const OuterF32& args);)
#include "kernels/outer/kernels.inc"
#undef VERGE_KERNEL

std::span<const Kernel<OuterF32Fn>> outer_f32_kernels();
OuterF32Fn pick_outer_f32();

}  // namespace verge
