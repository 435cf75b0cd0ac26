#include "kernels/requant/requant.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "kernels/requant/scales.h"

namespace verge {
namespace {

// The rule as docs/integer.md writes it, in wide integers.
int32_t tflm_oracle(int32_t acc, int32_t multiplier, int32_t shift) {
  const auto shifted = static_cast<int32_t>(static_cast<uint32_t>(acc) << (shift > 0 ? shift : 0));
  const int64_t high = (int64_t{shifted} * multiplier + (int64_t{1} << 30)) >> 31;
  const int right = shift > 0 ? 0 : -shift;
  if (right == 0) return static_cast<int32_t>(high);
  const int64_t half = int64_t{1} << (right - 1);
  return static_cast<int32_t>(high >= 0 ? (high + half) >> right : -((-high + half) >> right));
}

int32_t oracle(int32_t acc, const Requant& r, size_t n) {
  const double x = r.mode == RequantMode::kTflm ? tflm_oracle(acc, r.multiplier[n], r.shift[n]) : std::nearbyint(static_cast<float>(acc) * r.scale[n]);
  return static_cast<int32_t>(std::fmin(std::fmax(x + r.zero_point, r.min), r.max));
}

struct Columns {
  std::vector<int32_t> multiplier;
  std::vector<int8_t> shift;
  std::vector<float> scale;
};

// Shifts run over all that the format allows, for odd seeds over those that every kernel has a shorter way for; multipliers include both ends and zero.
Columns make_columns(size_t n, uint32_t seed) {
  std::mt19937 random(seed);
  Columns c;
  for (size_t i = 0; i < round_up_columns(n); ++i) {
    const int32_t edge[] = {1 << 30, INT32_MAX, 0};
    c.multiplier.push_back(i % 5 < 3 ? edge[(i + seed) % 3] : static_cast<int32_t>((1u << 30) + (random() >> 2)));
    const bool right = seed % 2;
    c.shift.push_back(static_cast<int8_t>(i % 3 == 0 ? static_cast<int32_t>(random() % (right ? 30 : 62)) - 31 : -static_cast<int32_t>(random() % 12) - (right ? 2 : 0)));
    if (right && c.multiplier.back() == 0) c.shift.back() = static_cast<int8_t>(static_cast<int32_t>(random() % 62) - 31);  // has no say
    c.scale.push_back(std::ldexp(1.0f + static_cast<float>(random() % 1000) / 1000.0f, -static_cast<int>(random() % 32)));
  }
  return c;
}

std::vector<int32_t> make_accumulators(size_t n, uint32_t seed) {
  std::mt19937 random(seed);
  const int32_t edge[] = {INT32_MIN, INT32_MIN + 1, INT32_MAX, INT32_MAX - 1, 0, 1, -1, 1 << 30, -(1 << 30)};
  std::vector<int32_t> acc(n);
  for (size_t i = 0; i < n; ++i) acc[i] = i % 4 == 0 ? edge[random() % 9] : static_cast<int32_t>(random()) >> (random() % 31);
  return acc;
}

class RequantKernel : public testing::TestWithParam<Kernel<RequantFn>> {};

TEST_P(RequantKernel, AgreesWithTheRuleToTheBit) {
  if (!cpu_has(GetParam().isa)) GTEST_SKIP() << isa_name(GetParam().isa) << " does not run here";
  for (const RequantMode mode : {RequantMode::kTflm, RequantMode::kOnnx})
    for (const size_t columns : {1, 7, 15, 16, 17, 31, 33, 64, 100})
      for (uint32_t seed = 0; seed < 16; ++seed) {
        const size_t rows = 3, stride = columns + 2;
        const Columns c = make_columns(columns, seed);
        const bool is_signed = seed / 2 % 2;
        const Requant r{mode,
                        c.multiplier.data(),
                        c.shift.data(),
                        c.scale.data(),
                        is_signed ? int32_t(seed * 37) % 256 - 128 : int32_t(seed * 36) % 256,
                        is_signed ? -128 : 0,
                        is_signed ? (seed % 8 < 4 ? 100 : 127) : 255};
        const std::vector<int32_t> acc = make_accumulators((rows - 1) * stride + columns, seed + 99);
        std::vector<uint8_t> y(rows * stride, 0xcd);
        GetParam().fn(rows, columns, acc.data(), stride, r, y.data(), stride);
        for (size_t i = 0; i < rows; ++i) {
          for (size_t n = 0; n < columns; ++n)
            ASSERT_EQ(y[i * stride + n], static_cast<uint8_t>(oracle(acc[i * stride + n], r, n)))
                << GetParam().name << " mode=" << int(mode) << " columns=" << columns << " seed=" << seed << " row=" << i << " n=" << n
                << " acc=" << acc[i * stride + n] << " multiplier=" << c.multiplier[n] << " shift=" << int(c.shift[n]);
          EXPECT_EQ(y[i * stride + columns], 0xcd) << "wrote past the end, columns=" << columns;
        }
      }
}

INSTANTIATE_TEST_SUITE_P(All, RequantKernel, testing::ValuesIn(requant_kernels().begin(), requant_kernels().end()),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(Scales, MultipliersRoundAndCarry) {
  EXPECT_EQ(quantize_multiplier(0.0).multiplier, 0);
  EXPECT_EQ(quantize_multiplier(1.0).multiplier, 1 << 30);
  EXPECT_EQ(quantize_multiplier(1.0).shift, 1);
  EXPECT_EQ(quantize_multiplier(0.75).multiplier, 3 << 29);
  EXPECT_EQ(quantize_multiplier(0.75).shift, 0);
  const Multiplier carried = quantize_multiplier(std::nextafter(1.0, 0.0));  // rounds up to 2^31, which does not fit
  EXPECT_EQ(carried.multiplier, 1 << 30);
  EXPECT_EQ(carried.shift, 1);
  EXPECT_EQ(quantize_multiplier(std::ldexp(0.5, -31)).shift, -31);
  EXPECT_EQ(quantize_multiplier(std::ldexp(0.5, -31)).multiplier, 1 << 30);
  EXPECT_EQ(quantize_multiplier(std::ldexp(0.5, -32)).multiplier, 0);
}

TEST(Scales, DensePerTensorMultipliesScalesInFloat) {
  const float x = 0.1f, w = 0.3f, y = 0.7f;
  EXPECT_EQ(dense_multiplier(x, w, y).multiplier, quantize_multiplier(static_cast<double>(x * w) / static_cast<double>(y)).multiplier);
  EXPECT_NE(dense_multiplier(x, w, y).multiplier, product_multiplier(x, w, y).multiplier);
}

}  // namespace
}  // namespace verge
