// The four loops of batch normalisation in training, over rows of `width` floats; channel j of a row is element j.
//
//   sums            sum[j] = sum of x - shift[j], square[j] = sum of (x - shift[j])^2
//   normalise       y = clamp(x * factor[j] + offset[j])
//   gradient_sums   sum[j] = sum of g, product[j] = sum of g * (x - shift[j]);  g = dy where the clamp lets x * factor[j] + offset[j] through, else 0
//   gradient        dx = g * a[j] + x * b[j] + c[j]
//
// Sums begin at 0 and run over the rows in order. y may be x, dx may be dy.
#pragma once
#include <cstddef>
#include <span>

#include "kernels/clamp_f32.h"
#include "kernels/select.h"

namespace verge {

struct BatchNormRows {
  size_t rows = 0, width = 0;
  const float* x = nullptr;
  const float* dy = nullptr;
  float* y = nullptr;  // y or dx
  const float *shift = nullptr, *factor = nullptr, *offset = nullptr;
  const float *a = nullptr, *b = nullptr, *c = nullptr;
  float *sum = nullptr, *second = nullptr;  // second: squares or products
  ClampF32 clamp;
};
using BatchNormFn = void (*)(const BatchNormRows& rows);

struct BatchNormF32Kernel {
  Isa isa;
  const char* name;
  BatchNormFn sums, normalise, gradient_sums, gradient;
};

#define VERGE_KERNEL(isa, name)                                                                                                        \
  VERGE_ON_##isa(void name##_sums(const BatchNormRows&); void name##_normalise(const BatchNormRows&);                                  \
                 void name##_gradient_sums(const BatchNormRows&); void name##_gradient(const BatchNormRows&);)
#include "kernels/batch_norm/kernels.inc"
#undef VERGE_KERNEL

std::span<const BatchNormF32Kernel> batch_norm_f32_kernels();
const BatchNormF32Kernel& pick_batch_norm_f32();

}  // namespace verge
