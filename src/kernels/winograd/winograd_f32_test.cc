#include "kernels/winograd/winograd_f32.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <memory>
#include <vector>

#include "kernels/gemm/pack_f32.h"
#include "testing/isa.h"
#include "testing/seeded.h"

namespace verge {
namespace {

using testing::IsaCap;
using testing::seeded_floats;

ConvGeometry padded(int32_t batch, int32_t height, int32_t width, int32_t in_c, int32_t out_c, int32_t pad) {
  return {.batch = batch, .in_h = height, .in_w = width, .in_c = in_c, .out_h = height + 2 * pad - 2, .out_w = width + 2 * pad - 2, .out_c = out_c,
          .kernel_h = 3, .kernel_w = 3, .pad_top = pad, .pad_left = pad};
}

// One layer with inputs, weights and what both ways of computing it need.
struct Layer {
  ConvGeometry g;
  std::vector<float> x, w, bias, residual, zeros, packed, packed_bias;

  explicit Layer(const ConvGeometry& geometry) : g(geometry) {
    const auto in = static_cast<size_t>(g.in_c), out = static_cast<size_t>(g.out_c);
    x = seeded_floats(g.in_pixels() * in, 1), w = seeded_floats(out * 9 * in, 2), bias = seeded_floats(out, 3), residual = seeded_floats(g.out_pixels() * out, 4);
    zeros.resize(in), packed.resize(packed_weights_f32_size(out, 9, in)), packed_bias.resize(packed_bias_f32_size(out));
    pack_weights_f32(out, 9, in, w.data(), {9 * in, in, 1}, packed.data());
    pack_bias_f32(out, bias.data(), packed_bias.data());
  }

  ConvF32 conv(std::vector<float>& y, bool with_residual, ClampF32 clamp = {}) const {
    y.assign(g.out_pixels() * static_cast<size_t>(g.out_c), 42.0f);
    return {.geometry = g, .input = x.data(), .input_step = static_cast<size_t>(g.in_c), .weights = packed.data(), .bias = packed_bias.data(), .zeros = zeros.data(),
            .residual = with_residual ? residual.data() : nullptr, .residual_step = static_cast<size_t>(g.out_c), .output = y.data(),
            .output_step = static_cast<size_t>(g.out_c), .clamp = clamp};
  }
};

std::vector<float> direct(const Layer& layer, bool residual, ClampF32 clamp = {}) {
  std::vector<float> y;
  const ConvF32 conv = layer.conv(y, residual, clamp);
  for (size_t i = 0; i < conv_f32_blocks(conv, 1); ++i) conv_f32_block(conv, 1, i);
  return y;
}

std::vector<float> winograd(const Layer& layer, int threads, bool residual, ClampF32 clamp = {}) {
  std::vector<float> y;
  const ConvF32 conv = layer.conv(y, residual, clamp);
  const std::unique_ptr<float[], decltype(&std::free)> scratch(static_cast<float*>(std::aligned_alloc(64, winograd_f32_scratch_size(layer.g) * sizeof(float))), std::free);
  for (size_t i = winograd_f32_blocks(layer.g, threads); i-- > 0;) winograd_f32_block(conv, threads, i, scratch.get());
  return y;
}

// Inputs and weights lie in [-1, 1]: a sum of 9 in_c products is about sqrt(in_c); the transforms lose three or four bits of it.
void expect_close(const ConvGeometry& g, const std::vector<float>& got, const std::vector<float>& want) {
  const double bound = 4e-6 * std::sqrt(9.0 * g.in_c);
  for (size_t i = 0; i < want.size(); ++i) ASSERT_NEAR(got[i], want[i], bound) << "at " << i;
}

class WinogradF32OnIsa : public ::testing::TestWithParam<Isa> {};

TEST_P(WinogradF32OnIsa, EqualsTheDirectSumWithinRounding) {
  const IsaCap cap(GetParam());
  for (const ConvGeometry& g : {padded(1, 8, 8, 16, 16, 1), padded(1, 7, 5, 16, 32, 1), padded(2, 13, 14, 32, 48, 1), padded(1, 9, 11, 48, 16, 0), padded(1, 3, 3, 16, 16, 0),
                                padded(1, 6, 30, 64, 80, 2), padded(1, 56, 56, 64, 64, 1)}) {
    SCOPED_TRACE(::testing::Message() << g.batch << "x" << g.in_h << "x" << g.in_w << "x" << g.in_c << " to " << g.out_c << ", padding " << g.pad_top);
    const Layer layer(g);
    expect_close(g, winograd(layer, 1, false), direct(layer, false));
    expect_close(g, winograd(layer, 1, true, {0, 1}), direct(layer, true, {0, 1}));
  }
}

TEST_P(WinogradF32OnIsa, ThreadsChangeNoBit) {
  const IsaCap cap(GetParam());
  for (const ConvGeometry& g : {padded(1, 14, 14, 32, 96, 1), padded(1, 60, 60, 64, 64, 1)}) {
    const Layer layer(g);
    const std::vector<float> one = winograd(layer, 1, true);
    for (const int threads : {2, 3, 8}) EXPECT_EQ(winograd(layer, threads, true), one) << threads << " threads";
  }
}

INSTANTIATE_TEST_SUITE_P(Caps, WinogradF32OnIsa, ::testing::ValuesIn(testing::caps()), [](const auto& info) { return std::string(isa_name(info.param)); });

TEST(WinogradF32, IsTakenWhereItSavesTime) {
  EXPECT_TRUE(winograd_f32_pays(padded(1, 56, 56, 64, 64, 1)));
  EXPECT_FALSE(winograd_f32_pays(padded(1, 7, 7, 512, 512, 1))) << "four tiles do not repay the transform of the weights";
  EXPECT_FALSE(winograd_f32_pays(padded(1, 56, 56, 24, 64, 1))) << "channels come by sixteen";
  ConvGeometry strided = padded(1, 56, 56, 64, 64, 1);
  strided.stride_w = 2;
  EXPECT_FALSE(winograd_f32_fits(strided));
  EXPECT_FALSE(winograd_f32_fits(padded(1, 4, 4, 1 << 22, 16, 1))) << "its scratch is more than 32 bits count";
}

}  // namespace
}  // namespace verge
