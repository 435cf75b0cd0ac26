// exp, logistic, tanh and reciprocals in fixed point: the polynomials, constants and roundings that TensorFlow Lite's reference kernels take from
// gemmlowp's fixed-point library, so tables, softmax and LSTM agree with it to the bit. Integers only. Q(m) is a number with m integer bits: raw / 2^(31 - m),
// and in the 16-bit forms raw / 2^(15 - m).
#pragma once
#include <cstdint>

namespace verge::fixed_point {

// exp(a) as Q0 for a <= 0 in Q(integer_bits), integer_bits 1..5.
int32_t exp_on_negative(int32_t a, int integer_bits);

// 1 / (1 + x) and (1 - x) / (1 + x) as Q0 for x in Q0, 0 <= x < 1.
int32_t one_over_one_plus(int32_t x);
int32_t one_minus_over_one_plus(int32_t x);

// As Q0, for a in Q4.
int32_t logistic(int32_t a);
int32_t tanh(int32_t a);

// As Q0, for a in Q(integer_bits): 0..6, logistic 1..6.
int16_t logistic16(int16_t a, int integer_bits);
int16_t tanh16(int16_t a, int integer_bits);

}  // namespace verge::fixed_point
