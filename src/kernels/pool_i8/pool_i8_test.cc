#include "kernels/pool_i8/pool_i8.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "testing/isa.h"
#include "testing/seeded.h"

namespace verge {
namespace {

using testing::IsaCap;
using testing::Random;

class PoolI8OnIsa : public ::testing::TestWithParam<Isa> {};

ConvGeometry square(int32_t size, int32_t channels, int32_t kernel, int32_t stride, int32_t pad) {
  ConvGeometry g{.in_h = size,
                 .in_w = size,
                 .in_c = channels,
                 .out_c = channels,
                 .kernel_h = kernel,
                 .kernel_w = kernel,
                 .stride_h = stride,
                 .stride_w = stride,
                 .pad_top = pad,
                 .pad_left = pad};
  g.out_h = g.out_w = conv_output_size(size, kernel, stride, 1, 2 * pad);
  return g;
}

int32_t clamped(double v, const PoolI8& p) { return static_cast<int32_t>(std::fmin(std::fmax(v, p.min), p.max)); }

int32_t expected(const PoolI8& p, const std::vector<int32_t>& x, size_t x_step, size_t pixel, int32_t c) {
  const ConvGeometry& g = p.geometry;
  const auto i = static_cast<int32_t>(pixel);
  const int32_t b = i / (g.out_h * g.out_w), y = i / g.out_w % g.out_h, xx = i % g.out_w;
  int64_t sum = 0;
  int32_t most = p.min, inside = 0, all = 0;
  for (int32_t ky = 0; ky < g.kernel_h; ++ky)
    for (int32_t kx = 0; kx < g.kernel_w; ++kx) {
      const int32_t iy = y * g.stride_h - g.pad_top + ky * g.dilation_h, ix = xx * g.stride_w - g.pad_left + kx * g.dilation_w;
      all += iy < g.in_h + p.pad_bottom && ix < g.in_w + p.pad_right;
      if (iy < 0 || iy >= g.in_h || ix < 0 || ix >= g.in_w) continue;
      const int32_t v = x[static_cast<size_t>((b * g.in_h + iy) * g.in_w + ix) * x_step + static_cast<size_t>(c)];
      sum += v;
      most = std::max(most, v);
      ++inside;
    }
  if (p.kind == PoolKind::kMax) return clamped(most, p);
  const int32_t n = p.count == PoolCount::kPadded ? all : inside;
  sum += int64_t{n - inside} * p.x_zero_point;
  if (p.mode == RequantMode::kTflm) return clamped(static_cast<double>(sum > 0 ? (sum + n / 2) / n : (sum - n / 2) / n), p);
  const float scale = p.scale / static_cast<float>(n);
  return clamped(std::nearbyint(static_cast<float>(sum - int64_t{n} * p.x_zero_point) * scale) + p.zero_point, p);
}

void check(PoolI8 p, size_t wider = 0, int32_t lowest_value = -128, int32_t highest_value = 127) {
  const ConvGeometry& g = p.geometry;
  SCOPED_TRACE(::testing::Message() << "in " << g.in_h << "x" << g.in_w << "x" << g.in_c << " kernel " << g.kernel_h << " stride " << g.stride_h << " kind "
                                    << static_cast<int>(p.kind) << " count " << static_cast<int>(p.count) << " mode " << static_cast<int>(p.mode)
                                    << " unsigned " << p.is_unsigned);
  const size_t x_step = static_cast<size_t>(g.in_c) + wider, y_step = static_cast<size_t>(g.out_c) + wider;
  Random random(g.taps());
  std::vector<int32_t> values(g.in_pixels() * x_step);
  for (auto& v : values)
    v = lowest_value + static_cast<int32_t>(random.next() % static_cast<uint32_t>(highest_value - lowest_value + 1)) + (p.is_unsigned ? 128 : 0);
  std::vector<uint8_t> x(values.begin(), values.end()), y(g.out_pixels() * y_step, 42);
  p.input = x.data(), p.input_step = x_step, p.output = y.data(), p.output_step = y_step;
  for (size_t block = pool_i8_blocks(g); block-- > 0;) pool_i8_block(p, block);
  for (size_t i = 0; i < y.size(); ++i) {
    const auto c = static_cast<int32_t>(i % y_step);
    ASSERT_EQ(y[i], c < g.out_c ? static_cast<uint8_t>(expected(p, values, x_step, i / y_step, c)) : 42) << "pixel " << i / y_step << " channel " << c;
  }
}

TEST_P(PoolI8OnIsa, MaxAndAverageAroundTheRegisters) {
  const IsaCap cap(GetParam());
  for (const PoolKind kind : {PoolKind::kMax, PoolKind::kAverage})
    for (int32_t channels : {1, 8, 15, 16, 17, 33, 64}) {
      check({.geometry = square(8, channels, 2, 2, 0), .kind = kind});
      check({.geometry = square(7, channels, 3, 2, 1), .kind = kind, .is_unsigned = true, .min = 0, .max = 255}, 3);
      check({.geometry = square(7, channels, 3, 1, 1), .kind = kind, .min = -20, .max = 30});
    }
}

TEST_P(PoolI8OnIsa, WholePlanesAndWindowsOfManyTaps) {
  const IsaCap cap(GetParam());
  for (const PoolKind kind : {PoolKind::kMax, PoolKind::kAverage})
    for (int32_t size : {7, 24, 70}) {
      check({.geometry = square(size, 20, size, 1, 0), .kind = kind});
      check({.geometry = square(size, 3, size, 1, 0), .kind = kind}, 0, -128, -128);
      check({.geometry = square(size, 3, size, 1, 0), .kind = kind, .is_unsigned = true, .min = 0, .max = 255}, 0, 127, 127);
    }
  check({.geometry = square(16, 300, 16, 1, 0), .kind = PoolKind::kAverage});
}

TEST_P(PoolI8OnIsa, PaddingCountsWhereAskedAndOnnxScales) {
  const IsaCap cap(GetParam());
  for (const bool is_unsigned : {false, true}) {
    PoolI8 p{.geometry = square(6, 19, 3, 2, 1),
             .kind = PoolKind::kAverage,
             .count = PoolCount::kPadded,
             .pad_bottom = 1,
             .pad_right = 1,
             .is_unsigned = is_unsigned,
             .x_zero_point = is_unsigned ? 100 : -100,
             .scale = 0.73f,
             .zero_point = is_unsigned ? 7 : -8,
             .min = is_unsigned ? 0 : -128,
             .max = is_unsigned ? 255 : 127};
    check(p);
    p.mode = RequantMode::kOnnx;
    check(p);
    p.count = PoolCount::kInside;
    check(p);
  }
}

TEST(DivideRounded, HalvesGoAwayFromZero) {
  EXPECT_EQ(divide_rounded(5, 2), 3);
  EXPECT_EQ(divide_rounded(-5, 2), -3);
  EXPECT_EQ(divide_rounded(4, 3), 1);
  EXPECT_EQ(divide_rounded(-4, 3), -1);
  EXPECT_EQ(divide_rounded(0, 9), 0);
}

INSTANTIATE_TEST_SUITE_P(Caps, PoolI8OnIsa, ::testing::ValuesIn(testing::caps()), [](const auto& info) { return std::string(isa_name(info.param)); });

}  // namespace
}  // namespace verge
