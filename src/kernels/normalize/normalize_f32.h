// Values brought to mean 0 and variance 1: layer, group and instance normalisation (Ba, Kiros, Hinton, arXiv:1607.06450), and by RMS without `centre`.
//
//   y = (x - mean) / sqrt(variance + epsilon) * scale + bias
//
// with one mean (0 without `centre`) and one variance over all rows.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/select.h"

namespace verge {

// What is normalised together: rows of `width` floats, `step` apart. y may be x.
template <typename T> struct Normalize {  // T: float, or uint16_t for bf16
  const T* x;
  T* y;
  size_t rows, width, step;
  const float *scale, *bias;  // [width] or null
  bool centre;
  float epsilon;
};
using NormalizeF32 = Normalize<float>;
using NormalizeF32Fn = void (*)(const NormalizeF32& args);
using NormalizeBf16 = Normalize<uint16_t>;
using NormalizeBf16Fn = void (*)(const NormalizeBf16& args);

#define VERGE_KERNEL(isa, name) VERGE_ON_##isa(void name(const NormalizeF32& args);)
#include "kernels/normalize/kernels.inc"
#undef VERGE_KERNEL

#define VERGE_KERNEL(isa, name) VERGE_ON_##isa(void name(const NormalizeBf16& args);)
#include "kernels/normalize/bf16_kernels.inc"
#undef VERGE_KERNEL

std::span<const Kernel<NormalizeF32Fn>> normalize_f32_kernels();
std::span<const Kernel<NormalizeBf16Fn>> normalize_bf16_kernels();
NormalizeBf16Fn pick_normalize_bf16();
NormalizeF32Fn pick_normalize_f32();

}  // namespace verge
