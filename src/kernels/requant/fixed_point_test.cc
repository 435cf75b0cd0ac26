#include "kernels/requant/fixed_point.h"

#include <gtest/gtest.h>

#include <cmath>

namespace verge::fixed_point {
namespace {

double q0(int32_t raw) { return raw * 0x1p-31; }

TEST(FixedPoint, ExpFollowsTheRealFunction) {
  for (int bits = 1; bits <= 5; ++bits)
    for (int64_t step = 0; step <= 4096; ++step) {
      const auto a = static_cast<int32_t>(-(step << 31) / 4096);
      EXPECT_NEAR(q0(exp_on_negative(a, bits)), std::exp(std::ldexp(a, bits - 31)), 1e-6) << "a=" << a << " integer bits=" << bits;
    }
  EXPECT_EQ(exp_on_negative(0, 5), INT32_MAX);
}

TEST(FixedPoint, ReciprocalsFollowTheRealFunctions) {
  for (int64_t step = 0; step < 4096; ++step) {
    const auto x = static_cast<int32_t>((step << 31) / 4096);
    EXPECT_NEAR(q0(one_over_one_plus(x)), 1 / (1 + q0(x)), 1e-8) << x;
    EXPECT_NEAR(q0(one_minus_over_one_plus(x)), (1 - q0(x)) / (1 + q0(x)), 2e-8) << x;
  }
}

TEST(FixedPoint, LogisticAndTanhAreSymmetricAndFollowTheRealFunctions) {
  EXPECT_EQ(logistic(0), 1 << 30);
  EXPECT_EQ(tanh(0), 0);
  for (int64_t step = 1; step < 4096; ++step) {
    const auto a = static_cast<int32_t>((step << 31) / 4096);
    EXPECT_NEAR(q0(logistic(a)), 1 / (1 + std::exp(-16 * q0(a))), 1e-6) << a;
    EXPECT_NEAR(q0(tanh(a)), std::tanh(16 * q0(a)), 1e-6) << a;
    EXPECT_EQ(logistic(-a), INT32_MAX - logistic(a)) << a;
    EXPECT_EQ(tanh(-a), -tanh(a)) << a;
  }
}

// Values of the reference library itself: one wrong rounding changes them.
TEST(FixedPoint, EqualsTheReferenceToTheBit) {
  EXPECT_EQ(exp_on_negative(-1, 5), 2147483124);
  EXPECT_EQ(exp_on_negative(-12345678, 5), 1786631188);
  EXPECT_EQ(exp_on_negative(-268435456, 5), 39332546);
  EXPECT_EQ(exp_on_negative(-300000001, 5), 24574363);
  EXPECT_EQ(exp_on_negative(-1234567890, 5), 22);
  EXPECT_EQ(exp_on_negative(-2147483641, 5), 0);
  EXPECT_EQ(logistic(1), 1073741948);
  EXPECT_EQ(tanh(1), 260);
  EXPECT_EQ(logistic(98765432), 1451891820);
  EXPECT_EQ(tanh(98765432), 1345693172);
  EXPECT_EQ(logistic(-98765432), 695591827);
  EXPECT_EQ(tanh(-98765432), -1345693172);
  EXPECT_EQ(logistic(1111111111), 2146938464);
  EXPECT_EQ(tanh(1111111111), 2147483376);
  EXPECT_EQ(logistic(-2000000000), 723);
  EXPECT_EQ(tanh(-2000000000), -2147483647);
  EXPECT_EQ(one_over_one_plus(0), 2147483647);
  EXPECT_EQ(one_over_one_plus(3), 2147483647);
  EXPECT_EQ(one_over_one_plus(1000000007), 1465197762);
  EXPECT_EQ(one_over_one_plus(2147483646), 1073741820);
}

TEST(FixedPoint, SixteenBitsFollowTheRealFunctions) {
  for (int bits = 0; bits <= 6; ++bits)
    for (int a = -32768; a <= 32767; ++a) {
      const double x = std::ldexp(a, bits - 15);
      ASSERT_NEAR(tanh16(static_cast<int16_t>(a), bits) * 0x1p-15, std::tanh(x), 4e-4) << "a=" << a << " integer bits=" << bits;
      if (bits > 0) ASSERT_NEAR(logistic16(static_cast<int16_t>(a), bits) * 0x1p-15, 1 / (1 + std::exp(-x)), 3e-4) << "a=" << a << " integer bits=" << bits;
    }
}

}  // namespace
}  // namespace verge::fixed_point
