#include "kernels/gemm/conv_f32.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "kernels/gemm/pack_f32.h"
#include "testing/isa.h"
#include "testing/seeded.h"

namespace verge {
namespace {

using testing::IsaCap;
using testing::seeded_floats;

class ConvF32OnIsa : public ::testing::TestWithParam<Isa> {};

ConvGeometry same_size(int32_t size, int32_t in_c, int32_t out_c, int32_t kernel, int32_t stride) {
  ConvGeometry g{.in_h = size, .in_w = size, .in_c = in_c, .out_c = out_c, .kernel_h = kernel, .kernel_w = kernel, .stride_h = stride, .stride_w = stride};
  g.pad_top = g.pad_left = (kernel - 1) / 2;
  g.out_h = g.out_w = conv_output_size(size, kernel, stride, 1, 2 * g.pad_top);
  return g;
}

struct Sum {
  double value, size;  // size: the sum of absolute values, which bounds the rounding error
};

// Weights are [out_c][kernel_h][kernel_w][group_in].
Sum reference(const ConvGeometry& g, const std::vector<float>& x, size_t x_step, const std::vector<float>& w, int32_t b, int32_t y, int32_t xx, int32_t o) {
  Sum sum{0, 0};
  const int32_t in = g.in_c / g.groups, group = o / (g.out_c / g.groups);
  for (int32_t ky = 0; ky < g.kernel_h; ++ky)
    for (int32_t kx = 0; kx < g.kernel_w; ++kx) {
      const int32_t iy = y * g.stride_h - g.pad_top + ky * g.dilation_h, ix = xx * g.stride_w - g.pad_left + kx * g.dilation_w;
      if (iy < 0 || iy >= g.in_h || ix < 0 || ix >= g.in_w) continue;
      for (int32_t c = 0; c < in; ++c) {
        const double product = static_cast<double>(x[static_cast<size_t>((b * g.in_h + iy) * g.in_w + ix) * x_step + static_cast<size_t>(group * in + c)]) *
                               w[static_cast<size_t>(((o * g.kernel_h + ky) * g.kernel_w + kx) * in + c)];
        sum.value += product;
        sum.size += std::fabs(product);
      }
    }
  return sum;
}

struct Extras {
  bool residual = false;
  size_t wider = 0;  // floats that a pixel has beyond its channels, in and out
  ClampF32 clamp = {};
  UnaryF32Fn activation = nullptr;
};

void check(const ConvGeometry& g, const Extras& extras, bool any_order, int threads) {
  SCOPED_TRACE(::testing::Message() << "in " << g.batch << "x" << g.in_h << "x" << g.in_w << "x" << g.in_c << " out " << g.out_h << "x" << g.out_w << "x"
                                    << g.out_c << " kernel " << g.kernel_h << "x" << g.kernel_w << " stride " << g.stride_h << " groups " << g.groups);
  const size_t groups = static_cast<size_t>(g.groups), n = g.group_out(), k = g.group_in(), total = g.taps() * k;
  const size_t x_step = static_cast<size_t>(g.in_c) + extras.wider, y_step = static_cast<size_t>(g.out_c) + extras.wider;
  const std::vector<float> x = seeded_floats(g.in_pixels() * x_step, 1), w = seeded_floats(groups * n * total, 2), bias = seeded_floats(groups * n, 3);
  const std::vector<float> residual = seeded_floats(g.out_pixels() * y_step, 4), zeros(k);
  std::vector<float> packed(groups * packed_weights_f32_size(n, g.taps(), k)), packed_bias(groups * packed_bias_f32_size(n));
  for (size_t i = 0; i < groups; ++i) {
    pack_weights_f32(n, g.taps(), k, w.data() + i * n * total, {total, k, 1}, packed.data() + i * packed_weights_f32_size(n, g.taps(), k));
    pack_bias_f32(n, bias.data() + i * n, packed_bias.data() + i * packed_bias_f32_size(n));
  }
  std::vector<float> y(g.out_pixels() * y_step, 42.0f);
  const ConvF32 conv{.geometry = g,
                     .input = x.data(),
                     .input_step = x_step,
                     .weights = packed.data(),
                     .bias = packed_bias.data(),
                     .zeros = zeros.data(),
                     .residual = extras.residual ? residual.data() : nullptr,
                     .residual_step = y_step,
                     .output = y.data(),
                     .output_step = y_step,
                     .clamp = extras.clamp,
                     .activation = extras.activation,
                     .activation_params = {},
                     .any_order = any_order};
  for (size_t block = conv_f32_blocks(conv, threads); block-- > 0;) conv_f32_block(conv, threads, block);
  for (size_t i = 0; i < y.size(); ++i) {
    const int32_t pixel = static_cast<int32_t>(i / y_step), o = static_cast<int32_t>(i % y_step);
    if (o >= g.out_c) {
      ASSERT_EQ(y[i], 42.0f) << "wrote beyond the channels of pixel " << pixel;
      continue;
    }
    Sum sum = reference(g, x, x_step, w, pixel / (g.out_h * g.out_w), pixel / g.out_w % g.out_h, pixel % g.out_w, o);
    sum.value += bias[static_cast<size_t>(o)] + (extras.residual ? residual[i] : 0.0f);
    double want = std::fmin(std::fmax(sum.value, extras.clamp.min), extras.clamp.max);
    if (extras.activation) want = -want;  // the tests' activation is neg
    ASSERT_NEAR(y[i], want, static_cast<double>(total + 4) * 0x1p-24 * (sum.size + 2)) << "pixel " << pixel << " channel " << o;
  }
}

void check(const ConvGeometry& g, const Extras& extras = {}) {
  check(g, extras, false, 1);
  for (int threads : {1, 2}) check(g, extras, true, threads);
}

TEST_P(ConvF32OnIsa, Pointwise) {
  const IsaCap cap(GetParam());
  check(same_size(7, 24, 40, 1, 1));
  check(same_size(5, 3, 16, 1, 2));
}

TEST_P(ConvF32OnIsa, KernelsStridesAndPadding) {
  const IsaCap cap(GetParam());
  for (int32_t kernel : {2, 3, 5})
    for (int32_t stride : {1, 2, 3}) check(same_size(9, 20, 18, kernel, stride));
}

TEST_P(ConvF32OnIsa, FewInputChannelsReadARowOfTapsAtOnce) {
  const IsaCap cap(GetParam());
  for (int32_t c : {1, 3, 4})
    for (int32_t kernel : {2, 3, 4, 7})
      for (int32_t stride : {1, 2}) check(same_size(11, c, 17, kernel, stride));
  check(same_size(2, 3, 8, 7, 1));  // the kernel is wider than the input
}

TEST_P(ConvF32OnIsa, LongLinesOfFewInputChannels) {
  const IsaCap cap(GetParam());
  for (int32_t out : {8, 16, 32, 40})
    for (int32_t stride : {1, 2}) check(same_size(60, 3, out, 3, stride), {.residual = true, .clamp = {-1, 1}});
  ConvGeometry g = same_size(40, 1, 24, 5, 1);
  g.batch = 2;
  check(g);
}

TEST_P(ConvF32OnIsa, DilationBatchAndUnevenShapes) {
  const IsaCap cap(GetParam());
  check({.batch = 2,
         .in_h = 12,
         .in_w = 7,
         .in_c = 5,
         .out_h = 8,
         .out_w = 7,
         .out_c = 6,
         .kernel_h = 3,
         .kernel_w = 3,
         .dilation_h = 2,
         .dilation_w = 3,
         .pad_left = 3});
  check({.batch = 3,
         .in_h = 10,
         .in_w = 4,
         .in_c = 1,
         .out_h = 5,
         .out_w = 4,
         .out_c = 64,
         .kernel_h = 4,
         .kernel_w = 3,
         .stride_h = 2,
         .pad_top = 1,
         .pad_left = 1});
}

TEST_P(ConvF32OnIsa, Groups) {
  const IsaCap cap(GetParam());
  ConvGeometry g = same_size(6, 24, 36, 3, 1);
  for (int32_t groups : {2, 3, 12}) {
    g.groups = groups;
    check(g);
  }
}

TEST_P(ConvF32OnIsa, MoreTapsThanPointers) {
  const IsaCap cap(GetParam());
  check({.in_h = 20, .in_w = 20, .in_c = 9, .out_h = 3, .out_w = 5, .out_c = 50, .kernel_h = 18, .kernel_w = 16}, {.residual = true, .clamp = {0, 6}});
}

TEST_P(ConvF32OnIsa, ResidualClampActivationAndWiderPixels) {
  const IsaCap cap(GetParam());
  check(same_size(6, 20, 20, 3, 1), {.residual = true, .wider = 5, .clamp = {0, 2}});
  check(same_size(6, 3, 20, 3, 1), {.wider = 2, .activation = pick_unary_f32(UnaryF32::kNeg)});
  check(same_size(6, 20, 32, 1, 1), {.activation = pick_unary_f32(UnaryF32::kNeg)});
}

TEST_P(ConvF32OnIsa, ManyBlocksCoverTheOutputOnce) {
  const IsaCap cap(GetParam());
  ConvGeometry wide = same_size(40, 32, 64, 3, 1), deep{.in_h = 5, .in_c = 1024, .out_h = 5, .out_c = 1000};
  EXPECT_GT(conv_f32_blocks({.geometry = wide}, 2), 4u);
  EXPECT_GT(conv_f32_blocks({.geometry = deep}, 2), 2u);
  check(wide);
  check(deep, {.activation = pick_unary_f32(UnaryF32::kNeg)});
}

TEST_P(ConvF32OnIsa, LayersThatPayInAnyOrder) {
  const IsaCap cap(GetParam());
  check(same_size(14, 96, 90, 1, 1), {.residual = true, .clamp = {0, 6}});
  check(same_size(21, 40, 64, 3, 2), {.wider = 3});
  check(same_size(23, 3, 64, 7, 2));
}

INSTANTIATE_TEST_SUITE_P(Caps, ConvF32OnIsa, ::testing::ValuesIn(testing::caps()), [](const auto& info) { return std::string(isa_name(info.param)); });

}  // namespace
}  // namespace verge
