// z[i] = bf16(clamp(f(x[i], y[i]))) for sums and products that meet bf16: x and y are f32 or bf16 each, arithmetic is in float. z may be x or y.
//
// The caller breaks a broadcast into runs of n values of both.
#pragma once
#include "kernels/bf16/bf16.h"
#include "kernels/elementwise/binary_f32.h"

namespace verge {

struct BinaryBf16 {
  size_t n;
  Reals x, y;
  uint16_t* z;
  ClampF32 clamp;
};
using BinaryBf16Fn = void (*)(const BinaryBf16& args);

// y[i] = the mean of x[k * step + i] over k < rows, for i < n, in float.
struct MeanBf16 {
  size_t rows, n, step;
  const uint16_t* x;
  float* y;
};
using MeanBf16Fn = void (*)(const MeanBf16& args);

struct BinaryBf16Kernel {
  Isa isa;
  const char* name;
  BinaryBf16Fn add, mul;
  MeanBf16Fn mean;
};

#define VERGE_KERNEL(isa, name) VERGE_ON_##isa(void add_##name(const BinaryBf16& args); void mul_##name(const BinaryBf16& args); void mean_##name(const MeanBf16& args);)
#include "kernels/binary_bf16/kernels.inc"
#undef VERGE_KERNEL

std::span<const BinaryBf16Kernel> binary_bf16_kernels();
const BinaryBf16Kernel& pick_binary_bf16();

}  // namespace verge
