#include "kernels/reduce_i8/reduce_i8.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/requant/scales.h"
#include "testing/isa.h"
#include "testing/seeded.h"

namespace verge {
namespace {

using testing::IsaCap;
using testing::Random;

class ReduceI8OnIsa : public ::testing::TestWithParam<Isa> {};

struct Oracle {
  int64_t sum = 0, count = 0;
  int32_t most = INT32_MIN, least = INT32_MAX;
};

int32_t expected(const ReduceI8& r, const Oracle& o) {
  const auto clamp = [&](double v) { return static_cast<int32_t>(std::fmin(std::fmax(v, r.min), r.max)); };
  if (r.op == ReduceI8Op::kMax) return clamp(o.most);
  if (r.op == ReduceI8Op::kMin) return clamp(o.least);
  const auto acc = static_cast<int32_t>(o.sum - o.count * r.x_zero_point);
  const bool mean = r.op == ReduceI8Op::kMean;
  if (r.mode == RequantMode::kOnnx)
    return clamp(std::nearbyint(static_cast<float>(acc) * (mean ? r.scale / static_cast<float>(o.count) : r.scale)) + r.y_zero_point);
  return clamp(static_cast<double>(multiply_by_quantized_multiplier(acc, mean ? mean_multiplier(r.multiplier, o.count) : r.multiplier)) + r.y_zero_point);
}

void check(ReduceI8 r) {
  size_t total = 1, kept = 1;
  for (int i = 0; i < r.rank; ++i) {
    total *= r.dims[i];
    if (!r.reduced[i]) kept *= r.dims[i];
  }
  Random random(total);
  std::vector<uint8_t> x(total), y(kept + 1, 42);
  for (auto& v : x) v = static_cast<uint8_t>(random.next());
  std::vector<Oracle> oracle(kept);
  for (size_t i = 0; i < total; ++i) {
    size_t rest = i, at = 0, step = 1;
    for (int d = r.rank - 1; d >= 0; --d) {
      if (!r.reduced[d]) at += rest % r.dims[d] * step, step *= r.dims[d];
      rest /= r.dims[d];
    }
    const int32_t v = r.is_unsigned ? x[i] : static_cast<int8_t>(x[i]);
    Oracle& o = oracle[at];
    o.sum += v, ++o.count, o.most = std::max(o.most, v), o.least = std::min(o.least, v);
  }
  r.x = x.data(), r.y = y.data();
  reduce_i8(r);
  for (size_t i = 0; i < kept; ++i)
    ASSERT_EQ(y[i], static_cast<uint8_t>(expected(r, oracle[i]))) << "op " << static_cast<int>(r.op) << " mode " << static_cast<int>(r.mode) << " i " << i;
  ASSERT_EQ(y[kept], 42);
}

TEST_P(ReduceI8OnIsa, EveryChoiceOfAxes) {
  const IsaCap cap(GetParam());
  for (unsigned mask = 0; mask < 16; ++mask)
    for (const ReduceI8Op op : {ReduceI8Op::kMean, ReduceI8Op::kSum, ReduceI8Op::kMax, ReduceI8Op::kMin})
      for (const RequantMode mode : {RequantMode::kTflm, RequantMode::kOnnx})
        for (const bool is_unsigned : {false, true}) {
          ReduceI8 r{.op = op,
                     .mode = mode,
                     .is_unsigned = is_unsigned,
                     .rank = 4,
                     .dims = {2, 5, 7, 19},
                     .x_zero_point = is_unsigned ? 255 : -128,
                     .y_zero_point = 3};
          if (is_unsigned) r.min = 0, r.max = 255;
          r.multiplier = ratio_multiplier(0.07f, op == ReduceI8Op::kSum ? 0.9f : 0.05f), r.scale = 0.07f / (op == ReduceI8Op::kSum ? 0.9f : 0.05f);
          for (int i = 0; i < 4; ++i) r.reduced[i] = mask >> i & 1;
          check(r);
        }
}

TEST_P(ReduceI8OnIsa, WholePlanesAndMoreRowsThanPointers) {
  const IsaCap cap(GetParam());
  ReduceI8 r{.rank = 4, .dims = {1, 24, 24, 300}, .reduced = {false, true, true, false}, .multiplier = ratio_multiplier(0.02f, 0.02f)};
  check(r);
  r.op = ReduceI8Op::kMax;
  check(r);
}

TEST(MeanMultiplier, DividesInIntegersWithinTheShiftsRange) {
  const Multiplier half = mean_multiplier({1 << 30, 1}, 2);  // 1.0 / 2
  EXPECT_EQ(half.multiplier, 1 << 30);
  EXPECT_EQ(half.shift, 0);
  const Multiplier third = mean_multiplier({1 << 30, 1}, 3);
  EXPECT_EQ(third.multiplier, 715827882);
  EXPECT_EQ(third.shift, 0);
  const Multiplier tiny = mean_multiplier({1 << 30, -30}, 1000);  // no more than one shift is left
  EXPECT_EQ(tiny.shift, -31);
  EXPECT_EQ(tiny.multiplier, (1 << 30) / 500);
}

TEST(ReduceI8, OverNothingGivesTheZeroPoint) {
  int8_t y[3] = {};
  ReduceI8 r{.rank = 2, .dims = {3, 0}, .reduced = {false, true}, .y_zero_point = -5, .y = y};
  reduce_i8(r);
  for (int8_t v : y) EXPECT_EQ(v, -5);
}

INSTANTIATE_TEST_SUITE_P(Caps, ReduceI8OnIsa, ::testing::ValuesIn(testing::caps()), [](const auto& info) { return std::string(isa_name(info.param)); });

}  // namespace
}  // namespace verge
