#include "kernels/bf16/bf16.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "base/half.h"
#include "testing/isa.h"
#include "testing/seeded.h"

namespace verge {
namespace {

class Bf16Kernels : public ::testing::TestWithParam<Bf16Kernel> {};

TEST_P(Bf16Kernels, RoundsToNearestAndTiesToEven) {
  std::vector<float> x = testing::seeded_floats(70, 1);
  for (const float v : {0.0f, -0.0f, 1.00390625f, 1.01171875f, -1.00390625f, 3.3895314e38f, 3.4e38f, std::numeric_limits<float>::infinity(), 1e-30f}) x.push_back(v);
  for (const size_t step : {x.size(), x.size() + 1, x.size() + 49}) {
    std::vector<uint16_t> y(step + 1, 42);
    GetParam().round({1, x.size(), x.data(), x.size(), y.data(), step});
    for (size_t i = 0; i < step; ++i) ASSERT_EQ(y[i], i < x.size() ? float_to_bfloat(x[i]) : 0) << (i < x.size() ? x[i] : 0) << " at " << i << ", step " << step;
    EXPECT_EQ(y[step], 42) << "wrote past the end";
  }
}

TEST_P(Bf16Kernels, KeepsWhatIsNoNumber) {
  const float x = std::numeric_limits<float>::signaling_NaN();
  uint16_t y = 0;
  GetParam().round({1, 1, &x, 1, &y, 1});
  EXPECT_TRUE((y & 0x7f80) == 0x7f80 && (y & 0x7f) != 0) << y;
}

TEST_P(Bf16Kernels, RoundsRowsThatLieApart) {
  for (const size_t n : {1, 15, 16, 31, 32, 33, 100}) {
    const size_t rows = 3, x_step = n + 5, y_step = (n + 31) / 32 * 32;
    const std::vector<float> x = testing::seeded_floats(rows * x_step, 2);
    std::vector<uint16_t> y(rows * y_step, 42);
    GetParam().round({rows, n, x.data(), x_step, y.data(), y_step});
    for (size_t i = 0; i < y.size(); ++i) ASSERT_EQ(y[i], i % y_step < n ? float_to_bfloat(x[i / y_step * x_step + i % y_step]) : 0) << "n=" << n << " i=" << i;
  }
}

TEST_P(Bf16Kernels, WidensWithoutLoss) {
  for (const size_t n : {0, 1, 15, 16, 17, 33, 100}) {
    std::vector<uint16_t> x(n);
    for (size_t i = 0; i < n; ++i) x[i] = static_cast<uint16_t>(i * 2003);
    std::vector<float> y(n + 1, 42.0f);
    GetParam().widen(n, x.data(), y.data());
    for (size_t i = 0; i < n; ++i) ASSERT_EQ(y[i], bfloat_to_float(x[i])) << "n=" << n << " i=" << i;
    EXPECT_EQ(y[n], 42.0f) << "wrote past the end, n=" << n;
  }
}

TEST_P(Bf16Kernels, CopiesRunsOneBehindTheOther) {
  std::vector<uint16_t> x(2000);
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<uint16_t>(i + 1);
  const uint32_t at[] = {0, 700, 350};
  for (const size_t n : {1, 3, 31, 32, 40, 96, 100}) {
    const size_t rows = 5, x_step = 7, y_step = (3 * n + 31) / 32 * 32;
    std::vector<uint16_t> y(rows * y_step + 1, 42);
    GetParam().copy({rows, 3, n, x.data(), x_step, at, y.data(), y_step});
    for (size_t i = 0; i < rows * y_step; ++i) {
      const size_t r = i / y_step, c = i % y_step;
      ASSERT_EQ(y[i], c < 3 * n ? x[r * x_step + at[c / n] + c % n] : 0) << "n=" << n << " row " << r << " column " << c;
    }
    EXPECT_EQ(y.back(), 42) << "wrote past the end";
  }
}

VERGE_FOR_EACH_KERNEL(Bf16Kernels, bf16_kernels());

}  // namespace
}  // namespace verge
