#include "kernels/softmax_i8/softmax_i8.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "testing/seeded.h"

namespace verge {
namespace {

TEST(SoftmaxI8, EqualsTheReferenceKernelToTheBit) {
  const int8_t x[12] = {-128, -100, -50, -20, 0, 5, 10, 20, 25, 28, 30, 31};
  const int8_t want[12] = {-128, -128, -128, -128, -125, -123, -120, -105, -91, -78, -67, -60};
  const int16_t want16[12] = {-32768, -32768, -32763, -32662, -31986, -31479, -30642, -26990, -23242, -19909, -17062, -15410};
  int32_t table[kSoftmaxTable];
  const size_t size = make_softmax_table(0.1f, 1.0f, table);
  int8_t y[12];
  int16_t y16[12];
  softmax_i8(SoftmaxI8Types::kI8ToI8, 1, 12, {table, size}, x, y);
  softmax_i8(SoftmaxI8Types::kI8ToI16, 1, 12, {table, size}, x, y16);
  for (int i = 0; i < 12; ++i) {
    EXPECT_EQ(y[i], want[i]) << i;
    EXPECT_EQ(y16[i], want16[i]) << i;
  }
}

TEST(SoftmaxI8, FollowsTheRealFunctionForEveryTypeAndRow) {
  testing::Random random(3);
  for (const size_t n : {1, 2, 10, 100, 1000}) {
    const size_t rows = 3;
    std::vector<int8_t> x(rows * n), y(rows * n + 1, 42);
    std::vector<uint8_t> xu(rows * n), yu(rows * n + 1, 42);
    for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<int8_t>(random.next()), xu[i] = static_cast<uint8_t>(x[i] + 128);
    int32_t table[kSoftmaxTable];
    make_softmax_table(0.04f, 1.5f, table);
    softmax_i8(SoftmaxI8Types::kI8ToI8, rows, n, {table}, x.data(), y.data());
    softmax_i8(SoftmaxI8Types::kU8ToU8, rows, n, {table}, xu.data(), yu.data());
    for (size_t r = 0; r < rows; ++r) {
      double sum = 0;
      for (size_t i = 0; i < n; ++i) sum += std::exp(0.06 * x[r * n + i]);
      for (size_t i = 0; i < n; ++i) {
        const size_t at = r * n + i;
        EXPECT_NEAR(y[at], std::fmin(256 * std::exp(0.06 * x[at]) / sum - 128, 127), 0.51) << "n=" << n << " i=" << i;
        EXPECT_EQ(yu[at], y[at] + 128);
      }
    }
    EXPECT_EQ(y[rows * n], 42);
    EXPECT_EQ(yu[rows * n], 42);
  }
}

TEST(SoftmaxI8, DifferencesBeyondTheRangeCountNothing) {
  int32_t table[kSoftmaxTable];
  const size_t size = make_softmax_table(1.0f, 1.0f, table);
  EXPECT_EQ(table[0], INT32_MAX);
  EXPECT_GT(table[8], 0);
  EXPECT_EQ(table[32], 0);
  EXPECT_EQ(table[255], 0);
  EXPECT_LE(size, 33u);
  for (int i = 0; i < 256; ++i) EXPECT_EQ((SoftmaxTable{table, size}.at(i)), table[i]) << i;
}

}  // namespace
}  // namespace verge
