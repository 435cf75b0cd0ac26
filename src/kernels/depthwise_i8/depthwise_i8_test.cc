#include "kernels/depthwise_i8/depthwise_i8.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "testing/isa.h"
#include "testing/seeded.h"

namespace verge {
namespace {

using testing::IsaCap;
using testing::Random;

class DepthwiseI8OnIsa : public ::testing::TestWithParam<Isa> {};

ConvGeometry same_size(int32_t size, int32_t channels, int32_t kernel, int32_t stride, int32_t multiplier = 1) {
  ConvGeometry g{.in_h = size,
                 .in_w = size,
                 .in_c = channels,
                 .out_c = channels * multiplier,
                 .kernel_h = kernel,
                 .kernel_w = kernel,
                 .stride_h = stride,
                 .stride_w = stride,
                 .groups = channels};
  g.pad_top = g.pad_left = (kernel - 1) / 2;
  g.out_h = g.out_w = conv_output_size(size, kernel, stride, 1, 2 * g.pad_top);
  return g;
}

struct Extras {
  bool x_unsigned = false, asymmetric = false, extreme = false;
  RequantMode mode = RequantMode::kTflm;
  size_t wider = 0;
};

// Values are kept in the int8 view; weights are [out_c][taps], so that packing has something to transpose.
struct Problem {
  ConvGeometry g;
  Extras extras;
  size_t x_step, y_step;
  int32_t x_zero;
  std::vector<int8_t> x, w;
  std::vector<int32_t> bias, w_zero, multiplier;
  std::vector<int8_t> shift;
  std::vector<float> scale;

  Problem(const ConvGeometry& geometry, const Extras& e)
      : g(geometry), extras(e), x_step(static_cast<size_t>(g.in_c) + e.wider), y_step(static_cast<size_t>(g.out_c) + e.wider), x_zero(e.extreme ? 127 : -9) {
    Random random(g.taps() * 1000 + static_cast<size_t>(g.out_c));
    const auto byte = [&] { return static_cast<int8_t>(extras.extreme ? -128 : static_cast<int32_t>(random.next() % 256) - 128); };
    for (x.resize(g.in_pixels() * x_step); auto& v : x) v = byte();
    for (w.resize(static_cast<size_t>(g.out_c) * g.taps()); auto& v : w) v = byte();
    for (size_t o = 0; o < round_up_columns(static_cast<size_t>(g.out_c)); ++o) {
      bias.push_back(static_cast<int32_t>(random.next() % 20001) - 10000);
      w_zero.push_back(extras.asymmetric ? (extras.extreme ? 127 : static_cast<int32_t>(random.next() % 256) - 128) : 0);
      multiplier.push_back(static_cast<int32_t>((1u << 30) + (random.next() >> 2)));
      shift.push_back(static_cast<int8_t>(-6 - static_cast<int32_t>(random.next() % 4)));
      scale.push_back(std::ldexp(random.uniform(1, 2), shift.back()));
    }
  }

  int32_t accumulator(size_t pixel, int32_t o) const {
    const auto p = static_cast<int32_t>(pixel);
    const int32_t b = p / (g.out_h * g.out_w), y = p / g.out_w % g.out_h, xx = p % g.out_w;
    int64_t acc = bias[static_cast<size_t>(o)];
    for (int32_t ky = 0; ky < g.kernel_h; ++ky)
      for (int32_t kx = 0; kx < g.kernel_w; ++kx) {
        const int32_t iy = y * g.stride_h - g.pad_top + ky * g.dilation_h, ix = xx * g.stride_w - g.pad_left + kx * g.dilation_w;
        if (iy < 0 || iy >= g.in_h || ix < 0 || ix >= g.in_w) continue;
        const int64_t value = x[static_cast<size_t>((b * g.in_h + iy) * g.in_w + ix) * x_step + static_cast<size_t>(o / (g.out_c / g.in_c))] - x_zero;
        acc += value * (w[static_cast<size_t>(o * g.kernel_h * g.kernel_w + ky * g.kernel_w + kx)] - w_zero[static_cast<size_t>(o)]);
      }
    return static_cast<int32_t>(acc);
  }

  Requant requant() const {
    Requant r{extras.mode, multiplier.data(), shift.data(), scale.data(), extras.x_unsigned ? 255 : -128};
    if (extras.x_unsigned) r.min = 0, r.max = 255;
    return r;
  }
  int32_t expected(size_t pixel, int32_t o) const {
    const int32_t acc = accumulator(pixel, o);
    const auto i = static_cast<size_t>(o);
    if (extras.mode == RequantMode::kNone) return acc;
    const double y = extras.mode == RequantMode::kTflm ? multiply_by_quantized_multiplier(acc, {multiplier[i], shift[i]})
                                                       : static_cast<double>(std::nearbyint(static_cast<float>(acc) * scale[i]));
    const Requant r = requant();
    return static_cast<int32_t>(std::fmin(std::fmax(y + r.zero_point, r.min), r.max));
  }
};

template <typename T> void compare(const Problem& p) {
  const ConvGeometry& g = p.g;
  std::vector<int8_t> packed(packed_depthwise_i8_size(g));
  std::vector<int32_t> folded(p.bias.size());
  pack_depthwise_i8(g, p.w.data(), 1, g.taps(), packed.data());
  const int32_t* w_zero = p.extras.asymmetric ? p.w_zero.data() : nullptr;
  fold_depthwise_i8(g, packed.data(), p.bias.data(), p.x_zero, w_zero, folded.data());
  const uint8_t flip = p.extras.x_unsigned ? 0x80 : 0;
  std::vector<uint8_t> x(p.x.size()), padding(static_cast<size_t>(g.in_c), static_cast<uint8_t>(p.x_zero ^ flip));
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<uint8_t>(p.x[i] ^ flip);
  std::vector<T> y(g.out_pixels() * p.y_step, T(42));
  const DepthwiseI8 conv{g, x.data(), p.x_step, packed.data(), folded.data(), w_zero, padding.data(), p.extras.x_unsigned, y.data(), p.y_step, p.requant()};
  for (size_t block = depthwise_i8_blocks(g); block-- > 0;) depthwise_i8_block(conv, block);
  for (size_t i = 0; i < y.size(); ++i) {
    const auto o = static_cast<int32_t>(i % p.y_step);
    ASSERT_EQ(y[i], o < g.out_c ? static_cast<T>(p.expected(i / p.y_step, o)) : T(42)) << "pixel " << i / p.y_step << " channel " << o;
  }
}

void check(const ConvGeometry& g, const Extras& extras = {}) {
  SCOPED_TRACE(::testing::Message() << "in " << g.batch << "x" << g.in_h << "x" << g.in_w << "x" << g.in_c << " out " << g.out_h << "x" << g.out_w << "x"
                                    << g.out_c << " kernel " << g.kernel_h << "x" << g.kernel_w << " stride " << g.stride_h << " unsigned " << extras.x_unsigned
                                    << " asymmetric " << extras.asymmetric << " extreme " << extras.extreme << " mode " << static_cast<int>(extras.mode));
  const Problem problem(g, extras);
  extras.mode == RequantMode::kNone ? compare<int32_t>(problem) : compare<uint8_t>(problem);
}

TEST_P(DepthwiseI8OnIsa, ChannelsAroundTheRegisters) {
  const IsaCap cap(GetParam());
  for (int32_t channels : {1, 3, 8, 15, 16, 17, 24, 31, 32, 33, 47, 48, 64, 72}) check(same_size(5, channels, 3, 1));
}

TEST_P(DepthwiseI8OnIsa, KernelsStridesAndPadding) {
  const IsaCap cap(GetParam());
  for (int32_t kernel : {1, 2, 3, 5, 7})
    for (int32_t stride : {1, 2, 3}) check(same_size(9, 20, kernel, stride));
  check({.batch = 2,
         .in_h = 12,
         .in_w = 7,
         .in_c = 5,
         .out_h = 8,
         .out_w = 7,
         .out_c = 5,
         .kernel_h = 3,
         .kernel_w = 3,
         .dilation_h = 2,
         .dilation_w = 3,
         .pad_left = 3,
         .groups = 5});
}

// Several pixels share a register: rows shorter, as long and longer than a group, with every rest.
TEST_P(DepthwiseI8OnIsa, FewChannelsAtStrideOne) {
  const IsaCap cap(GetParam());
  for (int32_t channels : {1, 2, 4, 8, 16})
    for (int32_t size : {4, 6, 7, 11, 36, 37}) check(same_size(size, channels, 3, 1), {.asymmetric = size == 7});
  for (const RequantMode mode : {RequantMode::kTflm, RequantMode::kOnnx, RequantMode::kNone})
    for (const bool x_unsigned : {false, true}) check(same_size(13, 8, 5, 1), {.x_unsigned = x_unsigned, .extreme = true, .mode = mode});
  check({.batch = 2, .in_h = 40, .in_w = 43, .in_c = 8, .out_h = 20, .out_w = 41, .out_c = 8, .kernel_h = 3, .kernel_w = 3, .stride_h = 2, .dilation_w = 2, .pad_top = 1, .pad_left = 1, .groups = 8});
}

TEST_P(DepthwiseI8OnIsa, MoreTapsThanTheKernelsTake) {
  const IsaCap cap(GetParam());
  check({.in_h = 12, .in_w = 11, .in_c = 70, .out_c = 70, .kernel_h = 12, .kernel_w = 11, .groups = 70}, {.asymmetric = true});
  check({.in_h = 50, .in_w = 48, .in_c = 3, .out_h = 2, .out_c = 3, .kernel_h = 49, .kernel_w = 48, .groups = 3});
}

TEST_P(DepthwiseI8OnIsa, ChannelMultipliers) {
  const IsaCap cap(GetParam());
  for (int32_t multiplier : {2, 3, 8}) check(same_size(6, 10, 3, 1, multiplier), {.wider = 1});
  check(same_size(6, 1, 3, 2, 8), {.mode = RequantMode::kNone});
}

TEST_P(DepthwiseI8OnIsa, UnsignedAsymmetricAndEveryRequantisation) {
  const IsaCap cap(GetParam());
  for (const RequantMode mode : {RequantMode::kTflm, RequantMode::kOnnx, RequantMode::kNone})
    for (const bool x_unsigned : {false, true})
      for (const bool asymmetric : {false, true})
        for (const bool extreme : {false, true})
          for (const int32_t c : {7, 40}) check(same_size(6, c, 3, 1), {x_unsigned, asymmetric, extreme, mode, c == 7 ? size_t{5} : 0});
}

TEST_P(DepthwiseI8OnIsa, ManyBlocksCoverTheOutputOnce) {
  const IsaCap cap(GetParam());
  const ConvGeometry g = same_size(40, 96, 3, 1);
  EXPECT_GT(depthwise_i8_blocks(g), 4u);
  check(g);
}

INSTANTIATE_TEST_SUITE_P(Caps, DepthwiseI8OnIsa, ::testing::ValuesIn(testing::caps()), [](const auto& info) { return std::string(isa_name(info.param)); });

}  // namespace
}  // namespace verge
