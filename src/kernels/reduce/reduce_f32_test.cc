#include "kernels/reduce/reduce_f32.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "testing/isa.h"
#include "testing/seeded.h"

namespace verge {
namespace {

class ReduceF32Kernel : public ::testing::TestWithParam<Kernel<ReduceF32Table>> {};

double oracle(ReduceF32 function, const std::vector<double>& x) {
  double sum = 0, square = 0, l1 = 0, prod = 1, most = -INFINITY, least = INFINITY, exps = 0;
  for (double v : x) {
    sum += v;
    square += v * v;
    l1 += std::fabs(v);
    prod *= v;
    most = std::fmax(most, v);
    least = std::fmin(least, v);
    exps += std::exp(v);
  }
  switch (function) {
    case ReduceF32::kSum: return sum;
    case ReduceF32::kMean: return sum / static_cast<double>(x.size());
    case ReduceF32::kMax: return most;
    case ReduceF32::kMin: return least;
    case ReduceF32::kProd: return prod;
    case ReduceF32::kSumSquare: return square;
    case ReduceF32::kL1: return l1;
    case ReduceF32::kL2: return std::sqrt(square);
    case ReduceF32::kLogSum: return std::log(sum);
    case ReduceF32::kLogSumExp: return std::log(exps);
  }
  return 0;
}

void check(ReduceF32 function, ReduceF32Fn fn, const ReduceShape& s) {
  const std::vector<float> x = testing::seeded_floats(s.outer * s.axis * s.inner, 5, 0.25f, 1.5f);
  std::vector<float> y(s.outer * s.inner + 1, 42.0f);
  fn(s, x.data(), y.data());
  ASSERT_EQ(y.back(), 42.0f) << "wrote past the end";
  for (size_t o = 0; o < s.outer; ++o)
    for (size_t i = 0; i < s.inner; ++i) {
      std::vector<double> line;
      for (size_t a = 0; a < s.axis; ++a) line.push_back(x[(o * s.axis + a) * s.inner + i]);
      const double want = oracle(function, line);
      const double roundings = function == ReduceF32::kProd ? static_cast<double>(s.axis) : static_cast<double>(kReduceBlock + s.axis / kReduceBlock + 8);
      ASSERT_NEAR(y[o * s.inner + i], want, roundings * 0x1p-24 * (std::fabs(want) + 1e-3))
          << "function " << static_cast<int>(function) << " axis=" << s.axis << " inner=" << s.inner << " o=" << o << " i=" << i;
    }
}

TEST_P(ReduceF32Kernel, AgreesWithDoubleForAnyShape) {
  for (int i = 0; i < kReduceF32Count; ++i) {
    const ReduceF32 function = static_cast<ReduceF32>(i);
    for (size_t axis : {1, 2, 7, 8, 16, 17, 65, 130})
      for (size_t inner : {1, 3, 4, 8, 16, 21}) check(function, GetParam().fn(function), {3, axis, inner});
  }
}

TEST_P(ReduceF32Kernel, LongSumsLoseLittle) {
  for (ReduceF32 function : {ReduceF32::kSum, ReduceF32::kMean}) {
    check(function, GetParam().fn(function), {1, 100000, 1});
    check(function, GetParam().fn(function), {1, 100000, 2});
  }
}

TEST_P(ReduceF32Kernel, EmptyAxisAndInfiniteMaximum) {
  float y;
  const float infinite[] = {1, -INFINITY, INFINITY};
  GetParam().fn(ReduceF32::kSum)({1, 0, 1}, nullptr, &y);
  EXPECT_EQ(y, 0);
  GetParam().fn(ReduceF32::kProd)({1, 0, 1}, nullptr, &y);
  EXPECT_EQ(y, 1);
  GetParam().fn(ReduceF32::kLogSumExp)({1, 3, 1}, infinite, &y);
  EXPECT_EQ(y, INFINITY);
}

TEST(ArgF32, TakesTheFirstOrLastOfEqualValues) {
  const float x[] = {1, 5, 3, 2, 3, 5};  // [3, 2]
  int64_t y[2];
  arg_f32(ArgWhat::kMax, ArgTie::kFirst, {1, 3, 2}, x, y);
  EXPECT_EQ(std::vector<int64_t>(y, y + 2), (std::vector<int64_t>{1, 0}));
  arg_f32(ArgWhat::kMax, ArgTie::kLast, {1, 3, 2}, x, y);
  EXPECT_EQ(std::vector<int64_t>(y, y + 2), (std::vector<int64_t>{2, 2}));
  arg_f32(ArgWhat::kMin, ArgTie::kFirst, {1, 6, 1}, x, y);
  EXPECT_EQ(y[0], 0);
}

VERGE_FOR_EACH_KERNEL(ReduceF32Kernel, reduce_f32_kernels());

}  // namespace
}  // namespace verge
