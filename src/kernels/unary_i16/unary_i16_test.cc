#include "kernels/unary_i16/unary_i16.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/requant/scales.h"

namespace verge {
namespace {

std::vector<int16_t> every_value() {
  std::vector<int16_t> x(65536);
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<int16_t>(i);
  return x;
}

template <typename T> uint64_t hash(const std::vector<T>& values) {  // FNV-1a over little-endian 16-bit words
  uint64_t h = 1469598103934665603ull;
  for (const T v : values)
    for (int byte = 0; byte < 2; ++byte) h = (h ^ (static_cast<uint16_t>(v) >> (8 * byte) & 0xff)) * 1099511628211ull;
  return h;
}

// Hashes of what the reference kernels of TensorFlow Lite Micro hold and give for the 65,536 values of int16.
TEST(UnaryI16, SigmoidsEqualTheReferenceToTheBit) {
  std::vector<uint16_t> table(kSigmoidTable);
  make_sigmoid_table(table.data());
  EXPECT_EQ(hash(table), 0x2621d99b3422542au);
  const std::vector<int16_t> x = every_value();
  std::vector<int16_t> y(x.size());
  logistic_i16(x.size(), x.data(), logistic_input(3e-4f), table.data(), y.data());
  EXPECT_EQ(hash(y), 0x315878d9f42e7d83u);
  tanh_i16(x.size(), x.data(), tanh_input(0x1p-11f), table.data(), y.data());
  EXPECT_EQ(hash(y), 0x8b26982906379c8bu);
}

TEST(UnaryI16, SigmoidsFollowTheRealFunctions) {
  std::vector<uint16_t> table(kSigmoidTable);
  make_sigmoid_table(table.data());
  const std::vector<int16_t> x = every_value();
  std::vector<int16_t> y(x.size());
  for (const float scale : {0x1p-12f, 0x1p-11f, 3e-4f, 1e-5f}) {
    logistic_i16(x.size(), x.data(), logistic_input(scale), table.data(), y.data());
    for (size_t i = 0; i < x.size(); i += 97) EXPECT_NEAR(y[i], std::fmin(32768 / (1 + std::exp(-scale * x[i])), 32767), 6) << x[i] << " scale " << scale;
    tanh_i16(x.size(), x.data(), tanh_input(scale), table.data(), y.data());
    for (size_t i = 0; i < x.size(); i += 97) EXPECT_NEAR(y[i], std::fmin(32768 * std::tanh(scale * x[i]), 32767), 12) << x[i] << " scale " << scale;
  }
}

TEST(UnaryI16, LeakyReluAndRescaleFollowTheRule) {
  const std::vector<int16_t> x = every_value();
  std::vector<int16_t> y(x.size());
  for (const bool slope_is_negative : {false, true}) {
    const UnaryI16 u{7, -3, quantize_multiplier(1.7), quantize_multiplier(0.31), slope_is_negative, -20000, 32767};
    leaky_relu_i16(x.size(), x.data(), u, y.data());
    for (size_t i = 0; i < x.size(); ++i) {
      const int32_t a = x[i] - 7, negative = multiply_by_quantized_multiplier(a, u.negative);
      const int32_t want = (a >= 0 ? multiply_by_quantized_multiplier(a, u.positive) : slope_is_negative ? -negative : negative) - 3;
      ASSERT_EQ(y[i], std::clamp(want, -20000, 32767)) << x[i];
    }
    rescale_i16(x.size(), x.data(), u, y.data());
    for (size_t i = 0; i < x.size(); ++i) ASSERT_EQ(y[i], std::clamp(multiply_by_quantized_multiplier(x[i] - 7, u.positive) - 3, -20000, 32767)) << x[i];
  }
}

}  // namespace
}  // namespace verge
