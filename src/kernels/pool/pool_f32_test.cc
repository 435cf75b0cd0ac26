#include "kernels/pool/pool_f32.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/half.h"
#include "testing/isa.h"
#include "testing/seeded.h"

namespace verge {
namespace {

using testing::IsaCap;

class PoolF32OnIsa : public ::testing::TestWithParam<Isa> {};

double reference(const PoolF32& pool, size_t pixel, size_t c) {
  const ConvGeometry& g = pool.geometry;
  const int32_t p = static_cast<int32_t>(pixel), b = p / (g.out_h * g.out_w), oy = p / g.out_w % g.out_h, ox = p % g.out_w;
  double sum = 0, most = -INFINITY;
  int inside = 0, padded = 0;
  for (int32_t ky = 0; ky < g.kernel_h; ++ky)
    for (int32_t kx = 0; kx < g.kernel_w; ++kx) {
      const int32_t iy = oy * g.stride_h - g.pad_top + ky * g.dilation_h, ix = ox * g.stride_w - g.pad_left + kx * g.dilation_w;
      padded += iy < g.in_h + pool.pad_bottom && ix < g.in_w + pool.pad_right;
      if (iy < 0 || iy >= g.in_h || ix < 0 || ix >= g.in_w) continue;
      const float x = pool.input[static_cast<size_t>((b * g.in_h + iy) * g.in_w + ix) * pool.input_step + c];
      ++inside;
      sum += x;
      most = std::fmax(most, x);
    }
  const double value = pool.kind == PoolKind::kMax ? most : inside == 0 ? 0 : sum / (pool.count == PoolCount::kPadded ? padded : inside);
  return std::fmin(std::fmax(value, pool.clamp.min), pool.clamp.max);
}

void check(PoolF32 pool, size_t wider = 0) {
  const ConvGeometry& g = pool.geometry;
  SCOPED_TRACE(::testing::Message() << "in " << g.in_h << "x" << g.in_w << "x" << g.in_c << " kernel " << g.kernel_h << "x" << g.kernel_w << " stride "
                                    << g.stride_h);
  const size_t channels = static_cast<size_t>(g.in_c);
  pool.input_step = pool.output_step = channels + wider;
  const std::vector<float> x = testing::seeded_floats(g.in_pixels() * pool.input_step, 1);
  std::vector<float> y(g.out_pixels() * pool.output_step, 42.0f);
  pool.input = x.data();
  pool.output = y.data();
  for (PoolKind kind : {PoolKind::kMax, PoolKind::kAverage}) {
    pool.kind = kind;
    for (size_t block = pool_f32_blocks(g); block-- > 0;) pool_f32_block(pool, block);
    for (size_t i = 0; i < y.size(); ++i) {
      const size_t c = i % pool.output_step;
      if (c >= channels) {
        ASSERT_EQ(y[i], 42.0f) << "wrote beyond the channels of pixel " << i / pool.output_step;
      } else if (const double want = reference(pool, i / pool.output_step, c); std::isinf(want)) {
        ASSERT_EQ(y[i], want);
      } else {
        ASSERT_NEAR(y[i], want, static_cast<double>(g.taps() + 2) * 0x1p-24) << "pixel " << i / pool.output_step << " channel " << c;
      }
    }
  }
}

ConvGeometry window(int32_t size, int32_t channels, int32_t kernel, int32_t stride, int32_t pad) {
  const int32_t out = conv_output_size(size, kernel, stride, 1, 2 * pad);
  return {.batch = 2,
          .in_h = size,
          .in_w = size,
          .in_c = channels,
          .out_h = out,
          .out_w = out,
          .out_c = channels,
          .kernel_h = kernel,
          .kernel_w = kernel,
          .stride_h = stride,
          .stride_w = stride,
          .pad_top = pad,
          .pad_left = pad};
}

TEST_P(PoolF32OnIsa, AgreesWithPlainLoopsForAnyWindow) {
  const IsaCap cap(GetParam());
  for (int32_t channels : {1, 3, 4, 8, 15, 16, 17, 40})
    for (int32_t kernel : {1, 2, 3}) check({.geometry = window(7, channels, kernel, 2, kernel / 2)});
}

TEST_P(PoolF32OnIsa, CountsPaddingWhenAsked) {
  const IsaCap cap(GetParam());
  check({.geometry = window(6, 5, 3, 1, 1), .count = PoolCount::kPadded, .pad_bottom = 1, .pad_right = 1});
  ConvGeometry ceil = window(6, 5, 3, 2, 1);  // rounded up: the last window reaches beyond the padding, which does not count
  ceil.out_h = ceil.out_w = 4;
  check({.geometry = ceil, .count = PoolCount::kPadded, .pad_bottom = 1, .pad_right = 1});
}

TEST_P(PoolF32OnIsa, ClampWiderPixelsAndManyBlocks) {
  const IsaCap cap(GetParam());
  check({.geometry = window(6, 20, 3, 1, 1), .clamp = {-0.25f, 0.5f}}, 3);
  EXPECT_GT(pool_f32_blocks(window(60, 32, 3, 1, 1)), 2u);
  check({.geometry = window(60, 32, 3, 1, 1)});
}

TEST_P(PoolF32OnIsa, MoreTapsThanPointersAndEmptyWindows) {
  const IsaCap cap(GetParam());
  check({.geometry = window(40, 5, 37, 1, 0)});
  ConvGeometry outside = window(3, 5, 1, 2, 0);
  outside.out_h = 4;
  check({.geometry = outside});
}

// The same sums as those of floats, rounded once.
TEST_P(PoolF32OnIsa, Bf16IsRoundedWhenItIsStored) {
  const IsaCap cap(GetParam());
  for (const int32_t channels : {1, 16, 21, 40})
    for (const PoolKind kind : {PoolKind::kMax, PoolKind::kAverage}) {
      const ConvGeometry g = window(9, channels, 3, 2, 1);
      const size_t step = static_cast<size_t>(channels) + 2;
      std::vector<float> x = testing::seeded_floats(g.in_pixels() * step, 1), want(g.out_pixels() * step, 42.0f);
      std::vector<uint16_t> halves, y(want.size(), float_to_bfloat(42.0f));
      for (float& v : x) halves.push_back(float_to_bfloat(v)), v = bfloat_to_float(halves.back());
      const ClampF32 clamp{-0.5f, 0.75f};
      const PoolF32 floats{.geometry = g, .kind = kind, .input = x.data(), .input_step = step, .output = want.data(), .output_step = step, .clamp = clamp};
      const PoolBf16 pool{.geometry = g, .kind = kind, .input = halves.data(), .input_step = step, .output = y.data(), .output_step = step, .clamp = clamp};
      for (size_t block = pool_f32_blocks(g); block-- > 0;) pool_f32_block(floats, block), pool_bf16_block(pool, block);
      for (size_t i = 0; i < y.size(); ++i) ASSERT_EQ(y[i], float_to_bfloat(want[i])) << "channels " << channels << ", element " << i;
    }
}

INSTANTIATE_TEST_SUITE_P(Caps, PoolF32OnIsa, ::testing::ValuesIn(testing::caps()), [](const auto& info) { return std::string(isa_name(info.param)); });

}  // namespace
}  // namespace verge
