#include "kernels/elementwise/binary_f32.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "testing/isa.h"
#include "testing/seeded.h"

namespace verge {
namespace {

class BinaryF32Kernel : public ::testing::TestWithParam<Kernel<BinaryF32Table>> {};

double floor_mod(double x, double y) { return x - std::floor(x / y) * y; }

// The list itself, evaluated in double.
double oracle(BinaryF32 function, double x, double y) {
  switch (function) {
#define VERGE_BINARY(kName, name, value) \
  case BinaryF32::kName:                 \
    return value;
#include "kernels/elementwise/binary.inc"
#undef VERGE_BINARY
  }
  return 0;
}

constexpr int kFunctions = 0
#define VERGE_BINARY(kName, name, value) +1
#include "kernels/elementwise/binary.inc"
#undef VERGE_BINARY
    ;

void check(BinaryF32 function, Spread spread, size_t n, BinaryF32Fn fn, ClampF32 clamp) {
  const std::vector<float> x = testing::seeded_floats(spread == Spread::kX ? 1 : n, 1, -3, 3),
                           y = testing::seeded_floats(spread == Spread::kY ? 1 : n, 2, 0.25f, 3);
  std::vector<float> z(n + 1, 42.0f);
  fn(n, x.data(), y.data(), z.data(), clamp);
  for (size_t i = 0; i < n; ++i) {
    const double want = oracle(function, x[spread == Spread::kX ? 0 : i], y[spread == Spread::kY ? 0 : i]);
    const double bounded = std::fmin(std::fmax(want, clamp.min), clamp.max);
    if (std::isnan(want)) {
      ASSERT_TRUE(std::isnan(z[i])) << binary_f32_name(function) << " i=" << i;
    } else {
      ASSERT_NEAR(z[i], bounded, 4 * 0x1p-23 * (1 + std::fabs(bounded))) << binary_f32_name(function) << " n=" << n << " i=" << i;
    }
  }
  ASSERT_EQ(z[n], 42.0f) << "wrote past the end, n=" << n;
}

TEST_P(BinaryF32Kernel, EveryFunctionAgreesWithTheListInDouble) {
  for (int i = 0; i < kFunctions; ++i)
    for (Spread spread : {Spread::kNone, Spread::kX, Spread::kY})
      if (const BinaryF32Fn fn = GetParam().fn(static_cast<BinaryF32>(i), spread))
        for (size_t n : {1, 3, 4, 5, 8, 9, 15, 16, 17, 40}) {
          check(static_cast<BinaryF32>(i), spread, n, fn, {});
          check(static_cast<BinaryF32>(i), spread, n, fn, {0.0f, 1.5f});
        }
}

TEST_P(BinaryF32Kernel, MayWriteOverEitherOperand) {
  for (size_t n : {5, 16, 37}) {
    const std::vector<float> x = testing::seeded_floats(n, 1), y = testing::seeded_floats(n, 2);
    std::vector<float> over_x = x, over_y = y;
    const BinaryF32Fn fn = GetParam().fn(BinaryF32::kSub, Spread::kNone);
    fn(n, over_x.data(), y.data(), over_x.data(), {});
    fn(n, x.data(), over_y.data(), over_y.data(), {});
    for (size_t i = 0; i < n; ++i) EXPECT_EQ(over_x[i], x[i] - y[i]);
    EXPECT_EQ(over_x, over_y);
  }
}

TEST(BinaryF32, MinAndMaxKeepNan) {
  const float x[] = {NAN, 1}, y[] = {1, NAN};
  for (BinaryF32 function : {BinaryF32::kMin, BinaryF32::kMax}) {
    float z[2];
    pick_binary_f32(function, Spread::kNone)(2, x, y, z, {});
    EXPECT_TRUE(std::isnan(z[0]) && std::isnan(z[1])) << binary_f32_name(function);
  }
}

VERGE_FOR_EACH_KERNEL(BinaryF32Kernel, binary_f32_kernels());

}  // namespace
}  // namespace verge
