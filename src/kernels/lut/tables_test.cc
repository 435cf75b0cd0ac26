#include "kernels/lut/tables.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace verge {
namespace {

using Table = uint8_t[kLutSize];

uint64_t hash(const Table& table) {  // FNV-1a
  uint64_t h = 1469598103934665603ull;
  for (const uint8_t byte : table) h = (h ^ byte) * 1099511628211ull;
  return h;
}

int32_t entry(const Table& table, int32_t x, bool is_unsigned = false) {
  const uint8_t y = table[static_cast<uint8_t>(x)];
  return is_unsigned ? y : static_cast<int8_t>(y);
}

constexpr UnaryI8 kSome{0.047f, -11, 0.031f, 7, false};

// Hashes of what the reference kernels of TensorFlow Lite Micro give for the 256 values of int8.
TEST(Tables, EqualTheReferenceKernelsToTheBit) {
  Table t;
  make_logistic_table(kSome, t);
  EXPECT_EQ(hash(t), 0x9c1f1cfd563e72ceu);
  make_tanh_table(kSome, t);
  EXPECT_EQ(hash(t), 0x1bc05b61d050e17fu);
  ASSERT_TRUE(make_hard_swish_table(kSome, t));
  EXPECT_EQ(hash(t), 0x82d60784a204352cu);
  make_leaky_relu_table(kSome, 0.3f, t);
  EXPECT_EQ(hash(t), 0xc9ae6e5c23db5b32u);
  make_requantize_table(kSome, false, t);
  EXPECT_EQ(hash(t), 0x99dfd1eb86aadb31u);
}

void expect_near(const Table& table, const UnaryI8& u, float y_scale, int32_t y_zero, double (*f)(double), double steps) {
  const int32_t low = u.is_unsigned ? 0 : -128;
  for (int32_t x = low; x < low + 256; ++x) {
    const double want = std::fmin(std::fmax(f(u.x_scale * (x - u.x_zero_point)) / y_scale + y_zero, low), low + 255);
    EXPECT_NEAR(entry(table, x, u.is_unsigned), want, steps) << "x=" << x;
  }
}

TEST(Tables, FollowTheRealFunctionsForBothTypes) {
  for (const bool is_unsigned : {false, true}) {
    UnaryI8 u = kSome;
    u.is_unsigned = is_unsigned;
    if (is_unsigned) u.x_zero_point += 128, u.y_zero_point += 128;
    const int32_t low = is_unsigned ? 0 : -128;
    constexpr double kTwice = 0.76;  // rounding twice loses up to a quarter more
    Table t;
    make_logistic_table(u, t);
    expect_near(
        t, u, 1.0f / 256, low, [](double x) { return 1 / (1 + std::exp(-x)); }, 0.51);
    make_tanh_table(u, t);
    expect_near(
        t, u, 1.0f / 128, low + 128, [](double x) { return std::tanh(x); }, 0.51);
    ASSERT_TRUE(make_hard_swish_table(u, t));
    expect_near(
        t, u, u.y_scale, u.y_zero_point, [](double x) { return x * std::fmin(std::fmax(x + 3, 0), 6) / 6; }, 1.0);
    make_leaky_relu_table(u, -0.2f, t);
    expect_near(
        t, u, u.y_scale, u.y_zero_point, [](double x) { return x < 0 ? -0.2 * x : x; }, kTwice);
    make_relu_table(u, 0, std::numeric_limits<float>::infinity(), t);
    expect_near(
        t, u, u.y_scale, u.y_zero_point, [](double x) { return x < 0 ? 0 : x; }, kTwice);
    make_relu_table(u, -1, 1, t);
    expect_near(
        t, u, u.y_scale, u.y_zero_point, [](double x) { return x < -1  ? -1
                                                               : x > 1 ? 1
                                                                       : x; }, kTwice);
    make_clamp_table(u, 0, 3, t);
    expect_near(
        t, u, u.x_scale, u.x_zero_point, [](double x) { return x < 0   ? 0
                                                               : x > 3 ? 3
                                                                       : x; }, 0.51);
    make_real_table(
        u, [](float x) { return x < 0 ? std::exp(x) - 1 : x; }, t);
    expect_near(
        t, u, u.y_scale, u.y_zero_point, [](double x) { return x < 0 ? std::expm1(x) : x; }, 0.51);
  }
}

TEST(Tables, RequantizeBetweenTypesOfOneScaleShiftsByHalfTheRange) {
  Table t;
  make_requantize_table({0.5f, -3, 0.5f, 125, false}, true, t);
  for (int32_t x = -128; x < 128; ++x) EXPECT_EQ(t[static_cast<uint8_t>(x)], x + 128);
}

TEST(Tables, HardSwishRefusesAnInputTooCoarseForItsArithmetic) {
  Table t;
  EXPECT_FALSE(make_hard_swish_table({1.0f, 0, 1.0f / 256, 0, false}, t));
}

}  // namespace
}  // namespace verge
