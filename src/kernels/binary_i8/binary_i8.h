// z = f(x, y) of two int8, uint8 or int16 tensors. With a = x - zx, b = y - zy and m(v, M) = multiply_by_quantized_multiplier(v, M) of base/requant.h:
//
//          tflm: z = clamp(... + zz, min, max)                     onnx: z = clamp(rint((...) / scale_z) + zz, min, max), in float
//   add    m(m(a << s, X) + m(b << s, Y), Z)                       scale_x * a + scale_y * b
//   sub    m(m(a << s, X) - m(b << s, Y), Z)                       scale_x * a - scale_y * b
//   mul    m(a * b, Z)                                             scale_x * a * (scale_y * b)
//   prelu  a < 0 ? m(a * b, Y) : m(a, X)                           scale_x * a * (a < 0 ? scale_y * b : 1)
//   max    clamp(max(x, y), min, max): the three tensors have one scale and zero point; min alike
//
// s is 20, for int16 15. The tensors have one type. z may be x or y where shapes agree.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/requant/requant.h"
#include "kernels/select.h"

namespace verge {

enum class BinaryI8Op : uint8_t { kAdd, kSub, kMul, kPrelu, kMax, kMin };

struct BinaryI8 {
  RequantMode mode = RequantMode::kTflm;  // not kNone
  bool is_unsigned = false;
  bool is_wide = false;                                          // int16
  int32_t x_zero_point = 0, y_zero_point = 0, z_zero_point = 0;  // as stored
  int32_t min = -128, max = 127;
  Multiplier x, y, z;                           // tflm
  float x_scale = 1, y_scale = 1, z_scale = 1;  // onnx
};

// A broadcast as the caller cuts it: `rows` runs of n values. Run r of an operand begins r * row values on; its step is 1, or 0 for one value per run.
struct BinaryI8Runs {
  size_t rows, n;
  const void* x;
  size_t x_row, x_step;
  const void* y;
  size_t y_row, y_step;
  void* z;
  size_t z_row;
};
using BinaryI8Fn = void (*)(BinaryI8Op op, const BinaryI8& params, const BinaryI8Runs& runs);

#define VERGE_KERNEL(isa, name) VERGE_ON_##isa(void name(BinaryI8Op op, const BinaryI8& params, const BinaryI8Runs& runs);)
#include "kernels/binary_i8/kernels.inc"
#undef VERGE_KERNEL

std::span<const Kernel<BinaryI8Fn>> binary_i8_kernels();
BinaryI8Fn pick_binary_i8();

// The multipliers of tflm, made at lowering, after is_wide is set. ADD divides the scales in double, SUB in float, as their reference kernels do.
void set_add_multipliers(float x_scale, float y_scale, float z_scale, BinaryI8* params);
void set_sub_multipliers(float x_scale, float y_scale, float z_scale, BinaryI8* params);
void set_mul_multiplier(float x_scale, float y_scale, float z_scale, BinaryI8* params);
void set_prelu_multipliers(float x_scale, float alpha_scale, float z_scale, BinaryI8* params);

}  // namespace verge
