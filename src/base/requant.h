// Requantisation by the integer contract (docs/integer.md): the arithmetic of TensorFlow Lite Micro's reference kernels, "double rounding".
// Every executor uses these functions or agrees with them to the bit.
#pragma once
#include <cstdint>

namespace verge {

// real multiplier = multiplier * 2^(shift - 31); multiplier is 0 or in [2^30, 2^31).
struct Multiplier {
  int32_t multiplier = 0;
  int32_t shift = 0;
};

// (a*b + 2^30) >> 31, half up; saturates only for a = b = INT32_MIN.
inline int32_t doubling_high_mul(int32_t a, int32_t b) {
  if (a == b && a == INT32_MIN) return INT32_MAX;
  return static_cast<int32_t>((static_cast<int64_t>(a) * b + (int64_t{1} << 30)) >> 31);
}

// x / 2^exponent, rounded half away from zero. 0 <= exponent <= 31.
inline int32_t rounding_shift_right(int32_t x, int exponent) {
  const int32_t mask = static_cast<int32_t>((int64_t{1} << exponent) - 1);
  const int32_t remainder = x & mask;
  const int32_t threshold = (mask >> 1) + (x < 0 ? 1 : 0);
  return (x >> exponent) + (remainder > threshold ? 1 : 0);
}

// Left shift first, wrapping as the reference does on two's complement, then doubling high multiply, then rounding right shift.
inline int32_t multiply_by_quantized_multiplier(int32_t x, Multiplier m) {
  const int left = m.shift > 0 ? m.shift : 0;
  const int right = m.shift > 0 ? 0 : -m.shift;
  const auto shifted = static_cast<int32_t>(static_cast<uint32_t>(x) << left);
  return rounding_shift_right(doubling_high_mul(shifted, m.multiplier), right);
}

// For 64-bit accumulators (int16 activations): the multiplier keeps 16 bits, one rounding shift, halves up. |x| < 2^47, -31 <= shift < 8.
inline int32_t multiply_wide_by_quantized_multiplier(int64_t x, Multiplier m) {
  const int32_t reduced = m.multiplier < 0x7fff0000 ? (m.multiplier + (1 << 15)) >> 16 : 0x7fff;
  const int shift = 15 - m.shift;
  return static_cast<int32_t>((x * reduced + (int64_t{1} << (shift - 1))) >> shift);
}

}  // namespace verge
