#include "kernels/conv_i16/conv_i16.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "testing/seeded.h"

namespace verge {
namespace {

using testing::Random;

struct Problem {
  ConvGeometry g;
  bool narrow, with_bias;
  std::vector<int16_t> x;
  std::vector<int8_t> w;
  std::vector<int64_t> bias;
  std::vector<int32_t> narrow_bias, multiplier, shift;

  Problem(const ConvGeometry& geometry, bool is_narrow, bool has_bias) : g(geometry), narrow(is_narrow), with_bias(has_bias) {
    Random random(g.taps());
    x.resize(g.in_pixels() * static_cast<size_t>(g.in_c));
    for (auto& v : x) v = static_cast<int16_t>(random.next());
    w.resize(static_cast<size_t>(g.out_c) * g.taps() * g.group_in());
    for (auto& v : w) v = static_cast<int8_t>(random.next());
    for (int32_t o = 0; o < g.out_c; ++o) {
      narrow_bias.push_back(static_cast<int32_t>(random.next() % 2000001) - 1000000);
      bias.push_back(int64_t{narrow_bias.back()} * 5000);
      multiplier.push_back(o % 3 == 0 ? INT32_MAX : static_cast<int32_t>((1u << 30) + (random.next() >> 2)));
      shift.push_back(-6 - static_cast<int32_t>(random.next() % 6));
    }
  }

  int32_t expected(size_t pixel, int32_t o) const {
    const auto p = static_cast<int32_t>(pixel);
    const int32_t in = g.in_c / g.groups, group = o / (g.out_c / g.groups), b = p / (g.out_h * g.out_w), y = p / g.out_w % g.out_h, xx = p % g.out_w;
    int64_t acc = 0;
    for (int32_t ky = 0; ky < g.kernel_h; ++ky)
      for (int32_t kx = 0; kx < g.kernel_w; ++kx) {
        const int32_t iy = y * g.stride_h - g.pad_top + ky * g.dilation_h, ix = xx * g.stride_w - g.pad_left + kx * g.dilation_w;
        if (iy < 0 || iy >= g.in_h || ix < 0 || ix >= g.in_w) continue;
        for (int32_t c = 0; c < in; ++c)
          acc += int64_t{x[static_cast<size_t>(((b * g.in_h + iy) * g.in_w + ix) * g.in_c + group * in + c)]} *
                 w[static_cast<size_t>(((o * g.kernel_h + ky) * g.kernel_w + kx) * in + c)];
      }
    const auto i = static_cast<size_t>(o);
    if (with_bias) acc += narrow ? narrow_bias[i] : bias[i];
    if (narrow) return std::clamp(multiply_by_quantized_multiplier(static_cast<int32_t>(acc), {multiplier[i], shift[i]}), -32768, 32767);
    const int64_t reduced = multiplier[i] < 0x7fff0000 ? (multiplier[i] + 0x8000) >> 16 : 0x7fff;
    return static_cast<int32_t>(std::clamp<int64_t>((acc * reduced + (int64_t{1} << (14 - shift[i]))) >> (15 - shift[i]), -32768, 32767));
  }
};

void check(const ConvGeometry& g) {
  for (const bool narrow : {false, true})
    for (const bool with_bias : {false, true}) {
      const Problem p(g, narrow, with_bias);
      const size_t step = static_cast<size_t>(g.out_c) + 1;
      std::vector<int16_t> y(g.out_pixels() * step, 42);
      const ConvI16 conv{.geometry = g,
                         .input = p.x.data(),
                         .input_step = static_cast<size_t>(g.in_c),
                         .weights = p.w.data(),
                         .bias = with_bias ? p.bias.data() : nullptr,
                         .narrow_bias = with_bias ? p.narrow_bias.data() : nullptr,
                         .narrow = narrow,
                         .multiplier = p.multiplier.data(),
                         .shift = p.shift.data(),
                         .output = y.data(),
                         .output_step = step};
      conv_i16(conv, g.out_pixels() / 2, g.out_pixels());
      conv_i16(conv, 0, g.out_pixels() / 2);
      for (size_t i = 0; i < y.size(); ++i) {
        const auto o = static_cast<int32_t>(i % step);
        ASSERT_EQ(y[i], o < g.out_c ? p.expected(i / step, o) : 42)
            << "pixel " << i / step << " channel " << o << " narrow " << narrow << " bias " << with_bias;
      }
    }
}

TEST(ConvI16, PaddingStridesAndManyChannels) {
  check({.batch = 2,
         .in_h = 6,
         .in_w = 5,
         .in_c = 7,
         .out_h = 3,
         .out_w = 3,
         .out_c = 70,
         .kernel_h = 3,
         .kernel_w = 3,
         .stride_h = 2,
         .stride_w = 2,
         .pad_top = 1,
         .pad_left = 1});
}

TEST(ConvI16, DenseLayersLongerThanAChunk) { check({.in_h = 3, .in_c = 700, .out_h = 3, .out_c = 5}); }

TEST(ConvI16, DepthwiseWithAMultiplier) {
  check({.in_h = 5, .in_w = 5, .in_c = 6, .out_h = 3, .out_w = 3, .out_c = 12, .kernel_h = 3, .kernel_w = 3, .groups = 6});
}

TEST(ConvI16, MoreTapsThanPointers) { check({.in_h = 26, .in_w = 24, .in_c = 2, .out_h = 2, .out_c = 3, .kernel_h = 25, .kernel_w = 24}); }

}  // namespace
}  // namespace verge
