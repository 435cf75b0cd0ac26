// Functions of one int16 tensor, as the reference kernels of TensorFlow Lite Micro compute them; tables of every value would be too long. With
// a = x - zx and m(v, M) = multiply_by_quantized_multiplier(v, M):
//
//   rescale      y = clamp(m(a, positive) + zy, min, max)                                          RELU and its kin
//   leaky_relu   y = clamp((a >= 0 ? m(a, positive) : sign * m(a, negative)) + zy, min, max)      sign: of the slope
//   logistic     x and y have zero point 0, y scale 2^-15: between the entries of a table of sigmoid(i / 24), linearly
//   tanh         likewise, by tanh(x) = 2 sigmoid(2 x) - 1
//
// x, y: [n]; y may be x.
#pragma once
#include <cstddef>
#include <cstdint>

#include "base/requant.h"

namespace verge {

struct UnaryI16 {
  int32_t x_zero_point = 0, y_zero_point = 0;
  Multiplier positive, negative;  // negative: of the slope's absolute value
  bool slope_is_negative = false;
  int32_t min = -32768, max = 32767;
};
void rescale_i16(size_t n, const int16_t* x, const UnaryI16& u, int16_t* y);
void leaky_relu_i16(size_t n, const int16_t* x, const UnaryI16& u, int16_t* y);

// v = (x * multiplier + half) >> shift is x in 1 / (3 * 4096).
struct SigmoidI16 {
  int32_t multiplier, shift;
};
inline constexpr size_t kSigmoidTable = 256;

// Made at lowering and stored in the Program: 2^16 * sigmoid(i / 24), raised by half of the most that a straight line between entries lies too low.
void make_sigmoid_table(uint16_t* table);
// Where x's scale is 2^-12 (tanh: or 2^-11) the multiplier is 3 times a power of two, else what fits 15 bits.
SigmoidI16 logistic_input(float x_scale);
SigmoidI16 tanh_input(float x_scale);

void logistic_i16(size_t n, const int16_t* x, SigmoidI16 input, const uint16_t* table, int16_t* y);
void tanh_i16(size_t n, const int16_t* x, SigmoidI16 input, const uint16_t* table, int16_t* y);

}  // namespace verge
