#include "kernels/softmax/softmax_f32.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "testing/isa.h"
#include "testing/seeded.h"

namespace verge {
namespace {

class SoftmaxF32Kernels : public ::testing::TestWithParam<SoftmaxF32Kernel> {};

TEST_P(SoftmaxF32Kernels, AgreesWithDoubleForAnyLengthAndInPlace) {
  for (size_t n : {1, 2, 3, 4, 5, 8, 10, 15, 16, 17, 33, 257, 1000}) {
    const size_t rows = 3;
    const std::vector<float> x = testing::seeded_floats(rows * n, n, -20, 20);
    std::vector<float> y(rows * n + 1, 42.0f), log_y = x;
    GetParam().softmax(rows, n, x.data(), y.data());
    GetParam().log_softmax(rows, n, log_y.data(), log_y.data());
    ASSERT_EQ(y[rows * n], 42.0f) << "wrote past the end, n=" << n;
    for (size_t r = 0; r < rows; ++r) {
      double sum = 0, most = -INFINITY;
      for (size_t i = 0; i < n; ++i) most = std::fmax(most, x[r * n + i]);
      for (size_t i = 0; i < n; ++i) sum += std::exp(x[r * n + i] - most);
      for (size_t i = 0; i < n; ++i) {
        const double log = x[r * n + i] - most - std::log(sum);
        ASSERT_NEAR(y[r * n + i], std::exp(log), 4e-6 * std::exp(log)) << "n=" << n << " i=" << i;  // 40 * 2^-24 of x, then exp
        ASSERT_NEAR(log_y[r * n + i], log, 8e-6) << "n=" << n << " i=" << i;
      }
    }
  }
}

TEST_P(SoftmaxF32Kernels, LargeAndMinusInfiniteInputs) {
  const std::vector<float> x = {1000, 1000, -INFINITY, 800};
  std::vector<float> y(4);
  GetParam().softmax(1, 4, x.data(), y.data());
  EXPECT_EQ(y, (std::vector<float>{0.5f, 0.5f, 0, 0}));
}

TEST_P(SoftmaxF32Kernels, TermsTooSmallForANormalNumberAreZero) {
  std::vector<float> x(37, -10000.0f), y(37);
  for (size_t i = 0; i < x.size(); i += 3) x[i] = -static_cast<float>(i) * 5;  // from 0 down to -180
  GetParam().softmax(1, x.size(), x.data(), y.data());
  for (size_t i = 0; i < x.size(); ++i) EXPECT_EQ(y[i] > 0, i % 3 == 0 && x[i] > -86) << i;
}

VERGE_FOR_EACH_KERNEL(SoftmaxF32Kernels, softmax_f32_kernels());

}  // namespace
}  // namespace verge
