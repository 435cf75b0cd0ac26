#include "kernels/dynamic_i8/dynamic_i8.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "testing/seeded.h"

namespace verge {
namespace {

TEST(DynamicI8, TheRangeFillsTheBytesAndZeroIsExact) {
  for (const auto& [low, high] : {std::pair{-1.0f, 3.0f}, {0.5f, 2.0f}, {-9.0f, -1.0f}, {-0.001f, 100.0f}}) {
    std::vector<float> x = testing::seeded_floats(500, 3, low, high);
    x[7] = 0;
    const DynamicScale s = asymmetric_scale(x.size(), x.data());
    std::vector<int8_t> q(x.size());
    quantize_dynamic(x.size(), x.data(), s, false, q.data());
    EXPECT_EQ(q[7], s.zero_point);
    for (size_t i = 0; i < x.size(); ++i) EXPECT_NEAR((q[i] - s.zero_point) * s.scale, x[i], s.scale * 1.01f) << low << " " << i;
  }
}

TEST(DynamicI8, SymmetricKeepsSigns) {
  const std::vector<float> x = {-2, 1, 0, 2, 0.5f};
  const DynamicScale s = symmetric_scale(x.size(), x.data());
  std::vector<int8_t> q(x.size());
  quantize_dynamic(x.size(), x.data(), s, true, q.data());
  EXPECT_EQ(q, (std::vector<int8_t>{-127, 64, 0, 127, 32}));
}

TEST(DynamicI8, ZerosAndInfinitiesHaveADefinedScale) {
  const std::vector<float> zeros(4), infinite = {1, std::numeric_limits<float>::infinity()};
  EXPECT_EQ(asymmetric_scale(4, zeros.data()).scale, 1);
  EXPECT_EQ(symmetric_scale(2, infinite.data()).scale, 1);
  const std::vector<float> x = {std::nanf(""), 1e30f, -1e30f};
  std::vector<int8_t> q(3);
  quantize_dynamic(3, x.data(), {1, 5}, false, q.data());
  EXPECT_EQ(q, (std::vector<int8_t>{-128, 127, -128}));
}

TEST(DynamicI8, SumsBecomeRealNumbersInPlace) {
  const std::vector<int32_t> sums = {100, -50, 7, 8};
  const std::vector<int32_t> column_sum = {3, -4};
  const std::vector<float> scale = {0.5f, 0.25f}, bias = {1, -1};
  std::vector<float> y(4);
  std::memcpy(y.data(), sums.data(), 16);
  finish_dynamic(2, 2, {0.1f, 10}, {column_sum.data(), scale.data(), bias.data(), -1, 4}, y.data());
  const std::vector<float> want = {4, -1, -0.15f, 0.2f};
  for (size_t i = 0; i < 4; ++i) EXPECT_NEAR(y[i], want[i], 1e-6) << i;
}

// Where float roundings part the two orders.
TEST(DynamicI8, TheOrderOfTheProductIsTheLayers) {
  const int32_t sum = 3, no_sum = 0;
  const float scale = 0.1f, s = 0.9f, pair = scale * s, left = 3 * scale;
  ASSERT_NE(3 * pair, left * s);
  for (const bool scales_first : {false, true}) {
    float y;
    std::memcpy(&y, &sum, sizeof(y));
    finish_dynamic(1, 1, {s, 0}, {&no_sum, &scale, nullptr, -9, 9, scales_first}, &y);
    EXPECT_EQ(y, scales_first ? 3 * pair : left * s);
  }
}

// The zero point is added after the rounding: 1.4999999 - 128 would round to -126.5 first.
TEST(DynamicI8, RoundsBeforeTheZeroPoint) {
  const float x = std::nextafter(1.5f, 0.0f);
  int8_t q;
  quantize_dynamic(1, &x, {1, -128}, false, &q);
  EXPECT_EQ(q, -127);
}

}  // namespace
}  // namespace verge
