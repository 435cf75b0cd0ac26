#include "kernels/unary_bf16/unary_bf16.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/half.h"
#include "testing/isa.h"

namespace verge {
namespace {

class UnaryBf16Kernel : public ::testing::TestWithParam<Kernel<UnaryBf16Table>> {};

double clamped(double x, double low, double high) { return std::fmin(std::fmax(x, low), high); }

double reference(UnaryF32 function, double x, double a, double b) {
  switch (function) {
#define VERGE_UNARY(kName, name, value) \
  case UnaryF32::kName: return static_cast<double>(value);
#include "kernels/elementwise/unary.inc"
#undef VERGE_UNARY
  }
  return NAN;
}

// Every number of bf16 up to 2^7 in size.
std::vector<uint16_t> all_numbers() {
  std::vector<uint16_t> out;
  for (uint32_t bits = 0; bits < 0x10000; ++bits)
    if ((bits & 0x7fff) == 0 || ((bits & 0x7fff) >= 0x0080 && (bits & 0x7fff) <= 0x4300)) out.push_back(static_cast<uint16_t>(bits));
  return out;
}

TEST_P(UnaryBf16Kernel, AgreesWithDoubleForEveryNumber) {
  const std::vector<uint16_t> x = all_numbers();
  const UnaryParams params{0.25f, 0.5f};
  for (uint32_t f = 0; f <= static_cast<uint32_t>(UnaryF32::kLogicalNot); ++f) {
    const auto function = static_cast<UnaryF32>(f);
    const UnaryBf16Fn fn = GetParam().fn(function);
    if (!fn) continue;
    for (const size_t n : {x.size(), size_t{1}, size_t{31}, size_t{33}}) {
      std::vector<uint16_t> y(n + 1, 42);
      fn(n, x.data(), y.data(), params);
      EXPECT_EQ(y[n], 42) << unary_f32_name(function) << " wrote past the end";
      for (size_t i = 0; i < n; ++i) {
        const double at = bfloat_to_float(x[i]), want = reference(function, at, params.a, params.b);
        ASSERT_NEAR(bfloat_to_float(y[i]), want, std::fabs(want) * (0x1p-8 + 0x1p-9) + 4e-6) << unary_f32_name(function) << " of " << at;
      }
    }
  }
}

TEST_P(UnaryBf16Kernel, KeepsInfinityAndWhatIsNoNumber) {
  const UnaryBf16Fn fn = GetParam().fn(UnaryF32::kSilu);
  if (!fn) return;
  const uint16_t x[] = {float_to_bfloat(INFINITY), float_to_bfloat(NAN), float_to_bfloat(1e30f)};
  uint16_t y[3];
  fn(3, x, y, {});
  EXPECT_EQ(bfloat_to_float(y[0]), INFINITY);
  EXPECT_TRUE(std::isnan(bfloat_to_float(y[1])));
  EXPECT_EQ(y[2], x[2]);
}

VERGE_FOR_EACH_KERNEL(UnaryBf16Kernel, unary_bf16_kernels());

}  // namespace
}  // namespace verge
