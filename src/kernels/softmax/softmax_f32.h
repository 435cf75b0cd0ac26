// Softmax and its logarithm along the last axis.
//
//   softmax:     y[r, i] = exp(x[r, i] - max) / sum,  sum = sum over i of exp(x[r, i] - max),  max = max over i of x[r, i]
//   log_softmax: y[r, i] = x[r, i] - max - log(sum)
//
// x, y: [rows, n] f32; y may be x. A row depends on nothing but itself, so the caller may split rows between threads.
#pragma once
#include <cstddef>
#include <span>

#include "kernels/select.h"

namespace verge {

using SoftmaxF32Fn = void (*)(size_t rows, size_t n, const float* x, float* y);

struct SoftmaxF32Kernel {
  Isa isa;
  const char* name;
  SoftmaxF32Fn softmax, log_softmax;
};

#define VERGE_KERNEL(isa, name) \
  VERGE_ON_##isa(void name(size_t rows, size_t n, const float* x, float* y); void log_##name(size_t rows, size_t n, const float* x, float* y);)
#include "kernels/softmax/kernels.inc"
#undef VERGE_KERNEL

std::span<const SoftmaxF32Kernel> softmax_f32_kernels();
const SoftmaxF32Kernel& pick_softmax_f32();

}  // namespace verge
