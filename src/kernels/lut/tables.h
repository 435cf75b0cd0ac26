// Tables of unary functions on int8 or uint8, for lut_i8. Made once, at lowering, and stored in the Program; docs/integer.md has the formulas.
//
// The tables of the first group hold what the reference kernels of TensorFlow Lite Micro compute, to the bit, by integer arithmetic alone; those of
// make_real_table come from float functions, where the reference has a table of that kind (ELU) or no kernel at all.
#pragma once
#include <cstdint>

#include "kernels/requant/requant.h"

namespace verge {

// real = scale * (q - zero_point), zero points as stored. Both sides are int8 or both uint8.
struct UnaryI8 {
  float x_scale = 1;
  int32_t x_zero_point = 0;
  float y_scale = 1;
  int32_t y_zero_point = 0;
  bool is_unsigned = false;
};

inline constexpr int kLutSize = 256;

// y's scale is 1/256 with zero point -128 (uint8: 0), whatever `u` says.
void make_logistic_table(const UnaryI8& u, uint8_t* table);
// y's scale is 1/128 with zero point 0 (uint8: 128), whatever `u` says.
void make_tanh_table(const UnaryI8& u, uint8_t* table);
// False, and no table, where x's scale is 128 times y's or more: the reference has no arithmetic for it.
bool make_hard_swish_table(const UnaryI8& u, uint8_t* table);
void make_leaky_relu_table(const UnaryI8& u, float alpha, uint8_t* table);
// Rescales, then clamps to [low, high] in real numbers; infinities for no bound. RELU: 0, infinity. QUANTIZE of int8 to int8: no bounds.
void make_relu_table(const UnaryI8& u, float low, float high, uint8_t* table);
// RELU6, whose output has x's scale and zero point: clamps only.
void make_clamp_table(const UnaryI8& u, float low, float high, uint8_t* table);
// QUANTIZE between int8 and uint8, or of uint8 to uint8.
void make_requantize_table(const UnaryI8& u, bool y_unsigned, uint8_t* table);

// y = clamp(int(round(f(x_scale * (x - zx)) * (1 / y_scale)) + zy)) in float, halves away from zero.
void make_real_table(const UnaryI8& u, float (*f)(float), uint8_t* table);

}  // namespace verge
