#include "kernels/requant/fixed_point.h"

#include "base/requant.h"

namespace verge::fixed_point {
namespace {

constexpr int32_t kOneQ0 = INT32_MAX;  // the nearest that Q0 has
constexpr int32_t kOneQ2 = 1 << 29;

int32_t multiply(int32_t a, int32_t b) { return doubling_high_mul(a, b); }

int32_t saturating_shift_left(int32_t x, int bits) {
  const int32_t limit = static_cast<int32_t>((1u << (31 - bits)) - 1);
  if (x > limit) return INT32_MAX;
  if (x < -limit) return INT32_MIN;
  return x * (1 << bits);
}

// (a + b) / 2, halves away from zero.
int32_t half_sum(int32_t a, int32_t b) {
  const int64_t sum = int64_t{a} + b;
  return static_cast<int32_t>((sum + (sum >= 0 ? 1 : -1)) / 2);
}

// exp(a) for a in [-1/4, 0), Q0: four terms of Taylor's series around -1/8.
int32_t exp_near_zero(int32_t a) {
  constexpr int32_t kExpOfMinusEighth = 1895147668, kThird = 715827883;
  const int32_t x = a + (1 << 28);
  const int32_t x2 = multiply(x, x), x3 = multiply(x2, x), x4 = multiply(x2, x2);
  const int32_t higher = rounding_shift_right(multiply(rounding_shift_right(x4, 2) + x3, kThird) + x2, 1);  // x^4/24 + x^3/6 + x^2/2
  return kExpOfMinusEighth + multiply(kExpOfMinusEighth, x + higher);
}

// 2 / (1 + x) as Q2 by three steps of Newton and Raphson from 48/17 - 32/17 * (1 + x) / 2.
int32_t two_over_one_plus(int32_t x) {
  constexpr int32_t k48Over17 = 1515870810, kMinus32Over17 = -1010580540;  // Q2
  const int32_t half_denominator = half_sum(x, kOneQ0);
  int32_t y = k48Over17 + multiply(half_denominator, kMinus32Over17);
  for (int i = 0; i < 3; ++i) y += saturating_shift_left(multiply(y, kOneQ2 - multiply(half_denominator, y)), 2);
  return y;
}

}  // namespace

int32_t exp_on_negative(int32_t a, int integer_bits) {
  // exp(-2^i) for i = -2 .. 4, Q0.
  constexpr int32_t kFactors[] = {1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242};
  if (a == 0) return kOneQ0;
  const int fraction_bits = 31 - integer_bits;
  const int32_t quarter = 1 << (fraction_bits - 2);
  const int32_t near_zero = (a & (quarter - 1)) - quarter;  // in [-1/4, 0); the rest is a sum of powers of two
  const int32_t rest = near_zero - a;
  int32_t result = exp_near_zero(saturating_shift_left(near_zero, integer_bits));
  for (int i = -2; i < integer_bits; ++i)
    if (rest & (1 << (fraction_bits + i))) result = multiply(result, kFactors[i + 2]);
  return result;
}

int32_t one_over_one_plus(int32_t x) { return saturating_shift_left(two_over_one_plus(x), 1); }

int32_t one_minus_over_one_plus(int32_t x) { return saturating_shift_left(two_over_one_plus(x) - kOneQ2, 2); }

int32_t logistic(int32_t a) {
  if (a == 0) return 1 << 30;
  const int32_t of_magnitude = one_over_one_plus(exp_on_negative(a > 0 ? -a : a, 4));
  return a > 0 ? of_magnitude : kOneQ0 - of_magnitude;
}

// A number in Q4 taken for one in Q5 is doubled: exp(-2 |a|).
int32_t tanh(int32_t a) {
  if (a == 0) return 0;
  const int32_t of_magnitude = one_minus_over_one_plus(exp_on_negative(a < 0 ? a : -a, 5));
  return a < 0 ? -of_magnitude : of_magnitude;
}

}  // namespace verge::fixed_point
