#include "kernels/depthwise_bf16/depthwise_bf16.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/half.h"
#include "testing/isa.h"
#include "testing/seeded.h"

namespace verge {
namespace {

using testing::IsaCap;
using testing::seeded_floats;

class DepthwiseBf16OnIsa : public ::testing::TestWithParam<Isa> {};

std::vector<uint16_t> halves(const std::vector<float>& x) {
  std::vector<uint16_t> out;
  for (float v : x) out.push_back(float_to_bfloat(v));
  return out;
}

ConvGeometry same_size(int32_t height, int32_t width, int32_t channels, int32_t kernel, int32_t stride) {
  ConvGeometry g{.in_h = height, .in_w = width, .in_c = channels, .out_c = channels, .kernel_h = kernel, .kernel_w = kernel, .stride_h = stride, .stride_w = stride, .groups = channels};
  g.pad_top = g.pad_left = (kernel - 1) / 2;
  g.out_h = conv_output_size(height, kernel, stride, 1, 2 * g.pad_top);
  g.out_w = conv_output_size(width, kernel, stride, 1, 2 * g.pad_top);
  return g;
}

double reference(const ConvGeometry& g, const std::vector<uint16_t>& x, size_t step, const std::vector<float>& w, size_t pixel, size_t c) {
  const int32_t p = static_cast<int32_t>(pixel), b = p / (g.out_h * g.out_w), oy = p / g.out_w % g.out_h, ox = p % g.out_w;
  double sum = 0;
  for (int32_t ky = 0; ky < g.kernel_h; ++ky)
    for (int32_t kx = 0; kx < g.kernel_w; ++kx) {
      const int32_t iy = oy * g.stride_h - g.pad_top + ky * g.dilation_h, ix = ox * g.stride_w - g.pad_left + kx * g.dilation_w;
      if (iy < 0 || iy >= g.in_h || ix < 0 || ix >= g.in_w) continue;
      sum += static_cast<double>(bfloat_to_float(x[static_cast<size_t>((b * g.in_h + iy) * g.in_w + ix) * step + c])) * w[c * g.taps() + static_cast<size_t>(ky * g.kernel_w + kx)];
    }
  return sum;
}

// A function of what is stored is the function itself.
void check_activation(DepthwiseBf16 conv, size_t size) {
  const UnaryBf16 silu{UnaryF32::kSilu, {}};
  std::vector<uint16_t> want(size), have(size);
  const auto run = [&](std::vector<uint16_t>& y) {
    conv.output = y.data();
    for (size_t block = depthwise_bf16_blocks(conv.geometry, 2); block-- > 0;) depthwise_bf16_block(conv, 2, block);
  };
  run(want);
  silu(size, want.data(), want.data());
  conv.activation = &silu;
  run(have);
  EXPECT_EQ(have, want);
}

void check(const ConvGeometry& g, size_t wider = 0, ClampF32 clamp = {}) {
  SCOPED_TRACE(::testing::Message() << "in " << g.batch << "x" << g.in_h << "x" << g.in_w << "x" << g.in_c << " kernel " << g.kernel_h << "x" << g.kernel_w << " stride " << g.stride_h);
  ASSERT_TRUE(depthwise_bf16_fits(g));
  const size_t channels = static_cast<size_t>(g.in_c), step = channels + wider;
  const std::vector<uint16_t> x = halves(seeded_floats(g.in_pixels() * step, 1)), zeros(channels);
  const std::vector<float> w = seeded_floats(channels * g.taps(), 2), bias = seeded_floats(channels, 3);
  std::vector<float> packed(packed_depthwise_bf16_size(channels, g.taps())), packed_bias(packed_depthwise_bf16_size(channels, 1));
  pack_depthwise_bf16(channels, g.taps(), w.data(), 1, g.taps(), packed.data());
  pack_depthwise_bf16(channels, 1, bias.data(), 0, 1, packed_bias.data());
  std::vector<uint16_t> y(g.out_pixels() * step, 42);
  DepthwiseBf16 conv;
  conv.geometry = g, conv.input = x.data(), conv.weights = packed.data(), conv.bias = packed_bias.data(), conv.zeros = zeros.data(), conv.output = y.data();
  conv.input_step = conv.output_step = step, conv.clamp = clamp;
  if (wider == 0) check_activation(conv, y.size());
  for (size_t block = depthwise_bf16_blocks(g, 3); block-- > 0;) depthwise_bf16_block(conv, 3, block);
  for (size_t i = 0; i < y.size(); ++i) {
    const size_t c = i % step;
    if (c >= channels) {
      ASSERT_EQ(y[i], 42) << "wrote beyond the channels of pixel " << i / step;
      continue;
    }
    const double want = std::fmin(std::fmax(reference(g, x, step, w, i / step, c) + bias[c], clamp.min), clamp.max);
    const double sums = static_cast<double>(g.taps() + 3) * static_cast<double>(g.taps() + 1) * 0x1p-24;
    ASSERT_NEAR(bfloat_to_float(y[i]), want, std::fabs(want) * 0x1p-8 + sums) << "pixel " << i / step << " channel " << c;
  }
}

TEST_P(DepthwiseBf16OnIsa, AgreesWithPlainLoopsAroundTheTile) {
  const IsaCap cap(GetParam());
  for (int32_t kernel : {2, 3, 5, 7})
    for (int32_t stride : {1, 2, 3})
      for (int32_t channels : {1, 3, 16, 31, 32, 33, 80})
        for (int32_t width : {1, 4, 5, 7, 15}) check(same_size(5, width, channels, kernel, stride));
}

TEST_P(DepthwiseBf16OnIsa, DilationBatchWiderPixelsAndClamp) {
  const IsaCap cap(GetParam());
  ConvGeometry g = same_size(9, 9, 20, 3, 1);
  g.dilation_h = g.dilation_w = g.pad_top = g.pad_left = 2;
  check(g);
  g = same_size(6, 7, 40, 3, 2);
  g.batch = 3;
  check(g);
  check(same_size(6, 9, 37, 3, 1), 3, {0, 0.5f});
  check(same_size(40, 40, 64, 3, 1));
}

INSTANTIATE_TEST_SUITE_P(Caps, DepthwiseBf16OnIsa, ::testing::ValuesIn(testing::caps()), [](const auto& info) { return std::string(isa_name(info.param)); });

}  // namespace
}  // namespace verge
