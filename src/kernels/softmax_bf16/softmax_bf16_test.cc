#include "kernels/softmax_bf16/softmax_bf16.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/half.h"
#include "testing/isa.h"
#include "testing/seeded.h"

namespace verge {
namespace {

class SoftmaxBf16Kernel : public ::testing::TestWithParam<Kernel<SoftmaxBf16Fn>> {};

void check(SoftmaxBf16Fn kernel, size_t n, float scale, const float* mask) {
  const size_t rows = 3, x_step = n + 2, y_step = (n + 31) / 32 * 32;
  std::vector<float> x = testing::seeded_floats(rows * x_step, n), factor(rows + 1, 42.0f);
  for (float& v : x) v *= 20;
  std::vector<uint16_t> y(rows * y_step + 1, 42);
  kernel({rows, n, x.data(), x_step, scale, mask, y.data(), y_step, factor.data()});
  EXPECT_EQ(y.back(), 42) << "wrote past the end";
  EXPECT_EQ(factor.back(), 42.0f) << "wrote past the end";
  for (size_t r = 0; r < rows; ++r) {
    const auto score = [&](size_t i) { return static_cast<double>(scale) * x[r * x_step + i] + (mask ? mask[i] : 0); };
    double most = -INFINITY, sum = 0;
    for (size_t i = 0; i < n; ++i) most = std::fmax(most, score(i));
    for (size_t i = 0; i < n; ++i) sum += std::exp(score(i) - most);
    EXPECT_NEAR(factor[r] * sum, 1, 0x1p-12) << "n=" << n << " row " << r;
    for (size_t i = 0; i < y_step; ++i) {
      const double want = i < n ? std::exp(score(i) - most) : 0;
      ASSERT_NEAR(bfloat_to_float(y[r * y_step + i]), want, want * (0x1p-8 + 0x1p-12) + 1e-37) << "n=" << n << " row " << r << " column " << i;
    }
  }
}

TEST_P(SoftmaxBf16Kernel, TermsAndTheirSum) {
  for (size_t n : {1, 2, 15, 16, 17, 31, 32, 33, 64, 100, 197, 300}) check(GetParam().fn, n, 0.25f, nullptr);
}

TEST_P(SoftmaxBf16Kernel, WhatTheMaskLeavesOutIsZero) {
  for (size_t n : {2, 40, 197}) {
    std::vector<float> mask(n, 0.0f);
    for (size_t i = 0; i < n; i += 2) mask[i] = i % 4 ? -1e9f : -INFINITY;
    check(GetParam().fn, n, 0.125f, mask.data());
  }
}

VERGE_FOR_EACH_KERNEL(SoftmaxBf16Kernel, softmax_bf16_kernels());

}  // namespace
}  // namespace verge
