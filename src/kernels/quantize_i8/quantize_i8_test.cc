#include "kernels/quantize_i8/quantize_i8.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "kernels/requant/scales.h"
#include "testing/isa.h"
#include "testing/seeded.h"

namespace verge {
namespace {

struct Range {
  DataType type;
  int32_t low, high;
};
constexpr Range kTypes[] = {{DataType::kI8, -128, 127}, {DataType::kU8, 0, 255}, {DataType::kI16, -32768, 32767}, {DataType::kU16, 0, 65535}};

int32_t load(const void* y, DataType type, size_t i) {
  if (type == DataType::kI8) return static_cast<const int8_t*>(y)[i];
  if (type == DataType::kU8) return static_cast<const uint8_t*>(y)[i];
  if (type == DataType::kI16) return static_cast<const int16_t*>(y)[i];
  return static_cast<const uint16_t*>(y)[i];
}

// Halves, their neighbours, ends of the types, infinities, not a number.
std::vector<float> hard_values(float scale) {
  std::vector<float> x = testing::seeded_floats(200, 5, -300 * scale, 300 * scale);
  for (const int32_t i : {-32769, -32768, -129, -128, -2, -1, 0, 1, 2, 126, 127, 254, 255, 32767, 65535})
    for (const float half : {static_cast<float>(i) + 0.5f, static_cast<float>(i)})
      for (const float v : {half * scale, std::nextafter(half * scale, -1e9f), std::nextafter(half * scale, 1e9f)}) x.push_back(v);
  for (const float v :
       {0.49999997f, -0.49999997f, 1e30f, -1e30f, std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity(), std::nanf("")})
    x.push_back(v);
  return x;
}

int32_t quantized(float x, const Quantization& q, const Range& t) {
  const float v = x / q.scale;
  if (std::isnan(v)) return t.low;
  const double rounded = q.mode == RequantMode::kOnnx ? std::nearbyint(static_cast<double>(v)) : std::round(static_cast<double>(v));
  return static_cast<int32_t>(std::fmin(std::fmax(rounded + q.zero_point, t.low), t.high));
}

class QuantizeTest : public ::testing::TestWithParam<QuantizeKernel> {};

TEST_P(QuantizeTest, RoundsByItsModeAndSaturates) {
  for (const float scale : {1.0f, 0.25f, 0.0371f, 3e-5f, 0.0078431377f, 1.9999999f, 5.9604645e-8f, 1e-30f})
    for (const Range& t : kTypes)
      for (const RequantMode mode : {RequantMode::kTflm, RequantMode::kOnnx})
        for (const int32_t zero_point : {t.low, t.high, (t.low + t.high) / 2}) {
          const Quantization q{scale, zero_point, t.type, mode};
          const std::vector<float> x = hard_values(scale);
          std::vector<uint16_t> y(x.size() + 1);
          GetParam().quantize(x.size(), x.data(), q, y.data());
          for (size_t i = 0; i < x.size(); ++i)
            ASSERT_EQ(load(y.data(), t.type, i), quantized(x[i], q, t))
                << "x " << x[i] << " scale " << scale << " zero " << zero_point << " mode " << static_cast<int>(mode);
        }
}

TEST_P(QuantizeTest, DequantizesEveryByteAndReadsNothingElse) {
  for (const Range& t : kTypes)
    for (const size_t n : {0, 1, 7, 15, 16, 17, 100}) {
      const Quantization q{0.037f, t.low + 5, t.type, RequantMode::kTflm};
      testing::Random random(n);
      std::vector<uint16_t> x(n);
      for (auto& v : x) v = static_cast<uint16_t>(random.next());
      std::vector<float> y(n + 1, 42.0f);
      GetParam().dequantize(n, x.data(), q, y.data());
      for (size_t i = 0; i < n; ++i) ASSERT_EQ(y[i], static_cast<float>(static_cast<double>(q.scale) * (load(x.data(), t.type, i) - q.zero_point))) << i;
      ASSERT_EQ(y[n], 42.0f);
    }
}

TEST_P(QuantizeTest, WritesNothingPastTheEnd) {
  for (const Range& t : kTypes)
    for (const size_t n : {1, 15, 16, 17, 33}) {
      const std::vector<float> x(n, 1.0f);
      const size_t bytes = n * dtype_bits(t.type) / 8;
      std::vector<uint8_t> y(bytes + 2, 0xcd);
      GetParam().quantize(n, x.data(), {1, 0, t.type, RequantMode::kTflm}, y.data());
      EXPECT_EQ(y[bytes], 0xcd) << n;
    }
}

VERGE_FOR_EACH_KERNEL(QuantizeTest, quantize_kernels());

TEST(RequantizeI16, RescalesBetweenWidths) {
  const int16_t x[] = {-32768, -300, -1, 0, 1, 77, 32767};
  int8_t y[7];
  const Requantization r{DataType::kI16, DataType::kI8, 3, -7, ratio_multiplier(0.001f, 0.1f)};
  requantize_i16(7, x, r, y);
  for (int i = 0; i < 7; ++i) {
    const int32_t v = multiply_by_quantized_multiplier(x[i] - 3, r.multiplier) - 7;
    EXPECT_EQ(y[i], v < -128 ? -128 : v > 127 ? 127 : v) << x[i];
  }
}

}  // namespace
}  // namespace verge
