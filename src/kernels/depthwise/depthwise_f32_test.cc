#include "kernels/depthwise/depthwise_f32.h"

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

class DepthwiseF32OnIsa : public ::testing::TestWithParam<Isa> {};

struct Extras {
  size_t wider = 0;  // floats that a pixel has beyond its channels, in and out
  ClampF32 clamp = {};
  UnaryF32Fn activation = nullptr;
};

double reference(const ConvGeometry& g, const std::vector<float>& x, size_t x_step, const std::vector<float>& w, size_t pixel, size_t o) {
  const int32_t p = static_cast<int32_t>(pixel), b = p / (g.out_h * g.out_w), oy = p / g.out_w % g.out_h, ox = p % g.out_w;
  const size_t channel = o / static_cast<size_t>(g.out_c / g.in_c);
  double sum = 0;
  for (int32_t ky = 0; ky < g.kernel_h; ++ky)
    for (int32_t kx = 0; kx < g.kernel_w; ++kx) {
      const int32_t iy = oy * g.stride_h - g.pad_top + ky * g.dilation_h, ix = ox * g.stride_w - g.pad_left + kx * g.dilation_w;
      if (iy < 0 || iy >= g.in_h || ix < 0 || ix >= g.in_w) continue;
      sum += static_cast<double>(x[static_cast<size_t>((b * g.in_h + iy) * g.in_w + ix) * x_step + channel]) *
             w[o * g.taps() + static_cast<size_t>(ky * g.kernel_w + kx)];
    }
  return sum;
}

void check(const ConvGeometry& g, const Extras& extras = {}) {
  SCOPED_TRACE(::testing::Message() << "in " << g.batch << "x" << g.in_h << "x" << g.in_w << "x" << g.in_c << " out " << g.out_h << "x" << g.out_w << "x"
                                    << g.out_c << " kernel " << g.kernel_h << "x" << g.kernel_w << " stride " << g.stride_h << " dilation " << g.dilation_w);
  const size_t channels = static_cast<size_t>(g.out_c), x_step = static_cast<size_t>(g.in_c) + extras.wider, y_step = channels + extras.wider;
  const std::vector<float> x = seeded_floats(g.in_pixels() * x_step, 1), w = seeded_floats(channels * g.taps(), 2), bias = seeded_floats(channels, 3);
  const std::vector<float> zeros(static_cast<size_t>(g.in_c));
  std::vector<float> packed(packed_depthwise_f32_size(channels, g.taps())), packed_bias(packed_bias_f32_size(channels));
  pack_depthwise_f32(channels, g.taps(), w.data(), 1, g.taps(), packed.data());
  pack_bias_f32(channels, bias.data(), packed_bias.data());
  std::vector<float> y(g.out_pixels() * y_step, 42.0f);
  const DepthwiseF32 conv{.geometry = g,
                          .input = x.data(),
                          .input_step = x_step,
                          .weights = packed.data(),
                          .bias = packed_bias.data(),
                          .zeros = zeros.data(),
                          .output = y.data(),
                          .output_step = y_step,
                          .clamp = extras.clamp,
                          .activation = extras.activation};
  for (size_t block = depthwise_f32_blocks(g, 3); block-- > 0;) depthwise_f32_block(conv, 3, block);
  for (size_t i = 0; i < y.size(); ++i) {
    const size_t o = i % y_step;
    if (o >= channels) {
      ASSERT_EQ(y[i], 42.0f) << "wrote beyond the channels of pixel " << i / y_step;
      continue;
    }
    double want = reference(g, x, x_step, w, i / y_step, o) + bias[o];
    want = std::fmin(std::fmax(want, extras.clamp.min), extras.clamp.max);
    if (extras.activation) want = -want;  // the tests' activation is neg
    ASSERT_NEAR(y[i], want, static_cast<double>(g.taps() + 3) * static_cast<double>(g.taps() + 1) * 0x1p-24) << "pixel " << i / y_step << " channel " << o;
  }
}

ConvGeometry same_size(int32_t height, int32_t width, int32_t channels, int32_t kernel, int32_t stride) {
  ConvGeometry g{.in_h = height,
                 .in_w = width,
                 .in_c = channels,
                 .out_c = channels,
                 .kernel_h = kernel,
                 .kernel_w = kernel,
                 .stride_h = stride,
                 .stride_w = stride,
                 .groups = channels};
  g.pad_top = g.pad_left = (kernel - 1) / 2;
  g.out_h = conv_output_size(height, kernel, stride, 1, 2 * g.pad_top);
  g.out_w = conv_output_size(width, kernel, stride, 1, 2 * g.pad_top);
  return g;
}

TEST_P(DepthwiseF32OnIsa, AgreesWithPlainLoopsAroundTheTile) {
  const IsaCap cap(GetParam());
  for (int32_t kernel : {2, 3, 5, 7})
    for (int32_t stride : {1, 2, 3})
      for (int32_t channels : {1, 3, 4, 8, 13, 16, 17, 40})
        for (int32_t width : {1, 4, 5, 10}) check(same_size(5, width, channels, kernel, stride));
}

TEST_P(DepthwiseF32OnIsa, DilationBatchAndOneDimension) {
  const IsaCap cap(GetParam());
  ConvGeometry g = same_size(9, 9, 20, 3, 1);
  g.dilation_h = g.dilation_w = g.pad_top = g.pad_left = 2;
  check(g);
  g = same_size(6, 7, 24, 3, 2);
  g.batch = 3;
  check(g);
  check({.in_w = 50, .in_c = 12, .out_w = 48, .out_c = 12, .kernel_w = 3, .groups = 12});
}

TEST_P(DepthwiseF32OnIsa, Multiplier) {
  const IsaCap cap(GetParam());
  ConvGeometry g = same_size(6, 6, 5, 3, 1);
  for (int32_t multiplier : {2, 3, 8}) {
    g.out_c = g.in_c * multiplier;
    check(g);
  }
}

TEST_P(DepthwiseF32OnIsa, LongLines) {
  const IsaCap cap(GetParam());
  for (int32_t kernel : {3, 5})
    for (int32_t stride : {1, 2})
      for (int32_t channels : {8, 24, 80}) check(same_size(17, 31, channels, kernel, stride), {.wider = 3, .clamp = {-1, 1}});
  ConvGeometry g = same_size(12, 24, 16, 3, 2);
  g.pad_top = g.pad_left = 0, g.batch = 2;  // more padding below and to the right than the kernel reaches
  check(g);
}

TEST_P(DepthwiseF32OnIsa, MoreTapsThanPointers) {
  const IsaCap cap(GetParam());
  check({.in_h = 50, .in_w = 50, .in_c = 3, .out_h = 2, .out_w = 3, .out_c = 3, .kernel_h = 49, .kernel_w = 48, .groups = 3});
}

TEST_P(DepthwiseF32OnIsa, ClampActivationAndWiderPixels) {
  const IsaCap cap(GetParam());
  check(same_size(6, 9, 21, 3, 1), {.wider = 3, .clamp = {0, 0.5f}});
  check(same_size(6, 9, 21, 3, 1), {.wider = 3, .activation = pick_unary_f32(UnaryF32::kNeg)});
  check(same_size(6, 9, 32, 5, 2), {.activation = pick_unary_f32(UnaryF32::kNeg)});
}

TEST_P(DepthwiseF32OnIsa, ManyBlocksAndLongRows) {
  const IsaCap cap(GetParam());
  EXPECT_GT(depthwise_f32_blocks(same_size(40, 40, 64, 3, 1), 2), 2u);
  check(same_size(40, 40, 64, 3, 1));
  check(same_size(2, 600, 2, 5, 1));
}

INSTANTIATE_TEST_SUITE_P(Caps, DepthwiseF32OnIsa, ::testing::ValuesIn(testing::caps()), [](const auto& info) { return std::string(isa_name(info.param)); });

}  // namespace
}  // namespace verge
