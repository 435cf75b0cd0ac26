#include "kernels/requant/fixed_point.h"

#include <limits>

#include "base/requant.h"

namespace verge::fixed_point {
namespace {

// The arithmetic on raw numbers of type T; constants are given with 32 bits. Values are int32 between operations whatever T is.
template <typename T> struct Raw {
  static constexpr int kFraction = 8 * sizeof(T) - 1;  // of Q0
  static constexpr int32_t kMax = std::numeric_limits<T>::max(), kMin = std::numeric_limits<T>::min();
  static constexpr int32_t kOneQ0 = kMax;  // the nearest that Q0 has
  static constexpr int32_t kOneQ2 = 1 << (kFraction - 2);

  static constexpr int32_t constant(int32_t q) { return kFraction == 31 ? q : (q + (1 << 15)) >> 16; }

  static int32_t multiply(int32_t a, int32_t b) {
    if constexpr (kFraction == 31) return doubling_high_mul(a, b);
    return a == kMin && b == kMin ? kMax : (a * b + (1 << 14)) >> 15;
  }

  static int32_t saturating_add(int32_t a, int32_t b) {
    const int64_t sum = int64_t{a} + b;
    return static_cast<int32_t>(sum < kMin ? kMin : sum > kMax ? kMax : sum);
  }

  static int32_t saturating_shift_left(int32_t x, int bits) {
    const int32_t limit = static_cast<int32_t>((1u << (kFraction - bits)) - 1);
    if (x > limit) return kMax;
    if (x < -limit) return kMin;
    return x * (1 << bits);
  }
};

// (a + b) / 2, halves away from zero.
int32_t half_sum(int32_t a, int32_t b) {
  const int64_t sum = int64_t{a} + b;
  return static_cast<int32_t>((sum + (sum >= 0 ? 1 : -1)) / 2);
}

// exp(a) for a in [-1/4, 0), Q0: four terms of Taylor's series around -1/8.
template <typename T> int32_t exp_near_zero(int32_t a) {
  using R = Raw<T>;
  constexpr int32_t kExpOfMinusEighth = R::constant(1895147668), kThird = R::constant(715827883);
  const int32_t x = a + (1 << (R::kFraction - 3));
  const int32_t x2 = R::multiply(x, x), x3 = R::multiply(x2, x), x4 = R::multiply(x2, x2);
  const int32_t higher = rounding_shift_right(R::multiply(rounding_shift_right(x4, 2) + x3, kThird) + x2, 1);  // x^4/24 + x^3/6 + x^2/2
  return R::saturating_add(kExpOfMinusEighth, R::multiply(kExpOfMinusEighth, x + higher));
}

template <typename T> int32_t exp_of(int32_t a, int integer_bits) {
  using R = Raw<T>;
  // exp(-2^i) for i = -2 .. 4, Q0; beyond 32 nothing is left.
  constexpr int32_t kFactors[] = {1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242};
  constexpr int kMostBits = 5;
  if (a == 0) return R::kOneQ0;
  const int fraction_bits = R::kFraction - integer_bits;
  if (integer_bits > kMostBits && a < -(1 << (fraction_bits + kMostBits))) return 0;
  const int32_t quarter = 1 << (fraction_bits - 2);
  const int32_t near_zero = (a & (quarter - 1)) - quarter;  // in [-1/4, 0); the rest is a sum of powers of two
  const int32_t rest = near_zero - a;
  int32_t result = exp_near_zero<T>(R::saturating_shift_left(near_zero, integer_bits));
  for (int i = -2; i < integer_bits && i < kMostBits; ++i)
    if (rest & (1 << (fraction_bits + i))) result = R::multiply(result, R::constant(kFactors[i + 2]));
  return result;
}

// 2 / (1 + x) as Q2 by three steps of Newton and Raphson from 48/17 - 32/17 * (1 + x) / 2.
template <typename T> int32_t two_over_one_plus(int32_t x) {
  using R = Raw<T>;
  constexpr int32_t k48Over17 = R::constant(1515870810), kMinus32Over17 = R::constant(-1010580540);  // Q2
  const int32_t half_denominator = half_sum(x, R::kOneQ0);
  int32_t y = k48Over17 + R::multiply(half_denominator, kMinus32Over17);
  for (int i = 0; i < 3; ++i) y += R::saturating_shift_left(R::multiply(y, R::kOneQ2 - R::multiply(half_denominator, y)), 2);
  return y;
}

template <typename T> int32_t one_over(int32_t x) { return Raw<T>::saturating_shift_left(two_over_one_plus<T>(x), 1); }
template <typename T> int32_t one_minus_over(int32_t x) { return Raw<T>::saturating_shift_left(two_over_one_plus<T>(x) - Raw<T>::kOneQ2, 2); }

template <typename T> int32_t logistic_of(int32_t a, int integer_bits) {
  if (a == 0) return 1 << (Raw<T>::kFraction - 1);
  const int32_t of_magnitude = one_over<T>(exp_of<T>(a > 0 ? -a : a, integer_bits));
  return a > 0 ? of_magnitude : Raw<T>::kOneQ0 - of_magnitude;
}

// A number taken for one with an integer bit more is doubled: exp(-2 |a|).
template <typename T> int32_t tanh_of(int32_t a, int integer_bits) {
  if (a == 0) return 0;
  const int32_t of_magnitude = one_minus_over<T>(exp_of<T>(a < 0 ? a : -a, integer_bits + 1));
  return a < 0 ? -of_magnitude : of_magnitude;
}

}  // namespace

int32_t exp_on_negative(int32_t a, int integer_bits) { return exp_of<int32_t>(a, integer_bits); }
int32_t one_over_one_plus(int32_t x) { return one_over<int32_t>(x); }
int32_t one_minus_over_one_plus(int32_t x) { return one_minus_over<int32_t>(x); }
int32_t logistic(int32_t a) { return logistic_of<int32_t>(a, 4); }
int32_t tanh(int32_t a) { return tanh_of<int32_t>(a, 4); }
int16_t logistic16(int16_t a, int integer_bits) { return static_cast<int16_t>(logistic_of<int16_t>(a, integer_bits)); }
int16_t tanh16(int16_t a, int integer_bits) { return static_cast<int16_t>(tanh_of<int16_t>(a, integer_bits)); }

}  // namespace verge::fixed_point
