#include "kernels/elementwise/unary_f32.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "testing/isa.h"
#include "testing/seeded.h"

namespace verge {
namespace {

class UnaryF32Kernel : public ::testing::TestWithParam<Kernel<UnaryF32Table>> {};

double clamped(double x, double min, double max) { return x < min ? min : x > max ? max : x; }

// The list itself, evaluated in double.
double oracle(UnaryF32 function, double x, [[maybe_unused]] double a, [[maybe_unused]] double b) {
  switch (function) {
#define VERGE_UNARY(kName, name, value) \
  case UnaryF32::kName:                 \
    return static_cast<double>(value);
#include "kernels/elementwise/unary.inc"
#undef VERGE_UNARY
  }
  return 0;
}

constexpr int kFunctions = 0
#define VERGE_UNARY(kName, name, value) +1
#include "kernels/elementwise/unary.inc"
#undef VERGE_UNARY
    ;

// What may be lost beyond ulps of the result: where it is a difference of larger numbers.
double cancellation(UnaryF32 function, double x, double a, double b) {
  switch (function) {
    case UnaryF32::kElu:
    case UnaryF32::kCelu:
    case UnaryF32::kSelu: return kUnaryF32Absolute * a * 2;
    case UnaryF32::kAffine:
    case UnaryF32::kHsigmoid: return kUnaryF32Absolute * (std::fabs(a * x) + std::fabs(b));
    case UnaryF32::kHswish:
    case UnaryF32::kMish:
    case UnaryF32::kGelu:
    case UnaryF32::kGeluTanh: return kUnaryF32Absolute * (std::fabs(x) + 1);
    default: return 1e-37;  // denormals
  }
}

std::vector<float> points() {
  const float inf = std::numeric_limits<float>::infinity();
  std::vector<float> x = {
      0.0f,  -0.0f, 1.0f,  -1.0f, 0.5f,  1.5f,   2.5f,   -2.5f,  1e-30f,  -1e-8f,  1e-4f, 0.62f, 0.63f, 0.91f,
      0.93f, 3.0f,  -3.0f, 88.7f, 88.8f, 100.0f, -87.5f, -90.0f, -104.0f, -200.0f, 1e30f, inf,   -inf,  std::numeric_limits<float>::quiet_NaN()};
  for (float v : testing::seeded_floats(1000, 7, -12, 12)) x.push_back(v);
  for (float v : testing::seeded_floats(200, 8, -0.1f, 0.1f)) x.push_back(v);
  for (float v : testing::seeded_floats(200, 9, -100, 100)) x.push_back(v);
  return x;
}

void expect_close(UnaryF32 function, float x, float got, UnaryParams p) {
  const double want = oracle(function, x, p.a, p.b);
  if (std::isnan(want)) {
    EXPECT_TRUE(std::isnan(got)) << unary_f32_name(function) << "(" << x << ") is " << got;
  } else if (std::isinf(static_cast<float>(want))) {
    EXPECT_EQ(got, static_cast<float>(want)) << unary_f32_name(function) << "(" << x << ")";
  } else {
    EXPECT_NEAR(got, want, kUnaryF32Ulps * 0x1p-23 * std::fabs(want) + cancellation(function, x, p.a, p.b)) << unary_f32_name(function) << "(" << x << ")";
  }
}

TEST_P(UnaryF32Kernel, EveryFunctionAgreesWithTheListInDouble) {
  const std::vector<float> x = points();
  int found = 0;
  for (int i = 0; i < kFunctions; ++i) {
    const UnaryF32 function = static_cast<UnaryF32>(i);
    const UnaryF32Fn fn = GetParam().fn(function);
    if (!fn) continue;
    ++found;
    const UnaryParams params = function == UnaryF32::kClamp      ? UnaryParams{-0.5f, 1.25f}
                               : function == UnaryF32::kHsigmoid ? UnaryParams{1.0f / 6, 0.5f}
                                                                 : UnaryParams{1.5f, 0.75f};
    std::vector<float> y(x.size());
    fn(x.size(), x.data(), y.data(), params);
    for (size_t j = 0; j < x.size(); ++j) expect_close(function, x[j], y[j], params);
  }
  EXPECT_GE(found, GetParam().isa == Isa::kAny ? kFunctions : 20);
}

TEST_P(UnaryF32Kernel, AnyLengthInPlaceAndNothingBeyond) {
  for (UnaryF32 function : {UnaryF32::kRelu, UnaryF32::kSigmoid}) {
    const UnaryF32Fn fn = GetParam().fn(function);
    for (size_t n : {0, 1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 33}) {
      std::vector<float> x = testing::seeded_floats(n, 3), y = x;
      y.push_back(42.0f);
      fn(n, y.data(), y.data(), {});
      for (size_t i = 0; i < n; ++i) expect_close(function, x[i], y[i], {});
      EXPECT_EQ(y[n], 42.0f) << "wrote past the end, n=" << n;
    }
  }
}

TEST(UnaryF32, EveryFunctionHasAKernelAndAName) {
  for (int i = 0; i < kFunctions; ++i) {
    ASSERT_NE(pick_unary_f32(static_cast<UnaryF32>(i)), nullptr);
    ASSERT_FALSE(std::string(unary_f32_name(static_cast<UnaryF32>(i))).empty());
  }
  EXPECT_STREQ(unary_f32_name(UnaryF32::kGeluTanh), "gelu_tanh");
}

VERGE_FOR_EACH_KERNEL(UnaryF32Kernel, unary_f32_kernels());

}  // namespace
}  // namespace verge
