// The terms of a softmax as operands of a product in bf16, which is scaled by `factor` afterwards:
//
//   s[r, i] = scale * x[r, i] (+ mask[i])    y[r, i] = bf16(e^(s[r, i] - max)), max = max over i of s[r, i]    factor[r] = 1 / sum over i of e^(s[r, i] - max)
//
// Terms are exact to 2^-12 of themselves before they are rounded; those below 2^-125 are zero.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/select.h"

namespace verge {

struct SoftmaxBf16 {
  size_t rows, n;  // n: at least 1
  const float* x;
  size_t x_step;
  float scale;
  const float* mask;  // [n] or null
  uint16_t* y;
  size_t y_step;  // zeros behind the n-th up to it
  float* factor;  // [rows]
};
using SoftmaxBf16Fn = void (*)(const SoftmaxBf16& args);

#define VERGE_KERNEL(isa, name) VERGE_ON_##isa(void name(const SoftmaxBf16& args);)
#include "kernels/softmax_bf16/kernels.inc"
#undef VERGE_KERNEL

std::span<const Kernel<SoftmaxBf16Fn>> softmax_bf16_kernels();
SoftmaxBf16Fn pick_softmax_bf16();

}  // namespace verge
