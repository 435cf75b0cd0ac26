#include "kernels/gemm_i8/conv_i8.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "testing/isa.h"
#include "testing/seeded.h"

namespace verge {
namespace {

using testing::IsaCap;
using testing::Random;

class ConvI8OnIsa : public ::testing::TestWithParam<Isa> {};

ConvGeometry same_size(int32_t size, int32_t in_c, int32_t out_c, int32_t kernel, int32_t stride) {
  ConvGeometry g{.in_h = size, .in_w = size, .in_c = in_c, .out_c = out_c, .kernel_h = kernel, .kernel_w = kernel, .stride_h = stride, .stride_w = stride};
  g.pad_top = g.pad_left = (kernel - 1) / 2;
  g.out_h = g.out_w = conv_output_size(size, kernel, stride, 1, 2 * g.pad_top);
  return g;
}

struct Extras {
  bool x_unsigned = false, asymmetric = false;
  RequantMode mode = RequantMode::kTflm;
  size_t wider = 0;  // elements that a pixel has beyond its channels, in and out
  int threads = 2;
};

// A convolution with everything it needs, in plain order; values are kept in the int8 view.
struct Problem {
  ConvGeometry g;
  Extras extras;
  size_t x_step, y_step, depth;
  int32_t x_zero = -7;
  std::vector<int8_t> x, w;
  std::vector<int32_t> bias, w_zero, multiplier;
  std::vector<int8_t> shift;
  std::vector<float> scale;

  Problem(const ConvGeometry& geometry, const Extras& e)
      : g(geometry), extras(e), x_step(static_cast<size_t>(g.in_c) + e.wider), y_step(static_cast<size_t>(g.out_c) + e.wider), depth(g.taps() * g.group_in()) {
    Random random(g.taps() * 1000 + static_cast<size_t>(g.in_c));
    const auto fill = [&](std::vector<int8_t>& v, size_t n) {
      for (v.resize(n); auto& q : v) q = static_cast<int8_t>(random.next());
    };
    fill(x, g.in_pixels() * x_step);
    fill(w, static_cast<size_t>(g.out_c) * depth);
    const int32_t spread = static_cast<int32_t>(std::log2(static_cast<double>(depth))) / 2 + 5;
    for (int32_t o = 0; o < g.out_c; ++o) {
      bias.push_back(static_cast<int32_t>(random.next() % 20001) - 10000);
      w_zero.push_back(extras.asymmetric ? static_cast<int32_t>(random.next() % 256) - 128 : 0);
      multiplier.push_back(static_cast<int32_t>((1u << 30) + (random.next() >> 2)));
      shift.push_back(static_cast<int8_t>(-spread + static_cast<int32_t>(random.next() % 3)));
      scale.push_back(std::ldexp(random.uniform(1, 2), -spread));
    }
  }

  int32_t accumulator(size_t pixel, int32_t o) const {
    const auto p = static_cast<int32_t>(pixel);
    const int32_t in = g.in_c / g.groups, group = o / (g.out_c / g.groups), b = p / (g.out_h * g.out_w), y = p / g.out_w % g.out_h, xx = p % g.out_w;
    int64_t acc = bias[static_cast<size_t>(o)];
    for (int32_t ky = 0; ky < g.kernel_h; ++ky)
      for (int32_t kx = 0; kx < g.kernel_w; ++kx) {
        const int32_t iy = y * g.stride_h - g.pad_top + ky * g.dilation_h, ix = xx * g.stride_w - g.pad_left + kx * g.dilation_w;
        if (iy < 0 || iy >= g.in_h || ix < 0 || ix >= g.in_w) continue;
        for (int32_t c = 0; c < in; ++c) {
          const int64_t value = x[static_cast<size_t>((b * g.in_h + iy) * g.in_w + ix) * x_step + static_cast<size_t>(group * in + c)] - x_zero;
          acc += value * (w[static_cast<size_t>(((o * g.kernel_h + ky) * g.kernel_w + kx) * in + c)] - w_zero[static_cast<size_t>(o)]);
        }
      }
    return static_cast<int32_t>(acc);
  }

  Requant requant() const {
    Requant r{.mode = extras.mode, .zero_point = extras.x_unsigned ? 120 : 5};
    if (extras.x_unsigned) r.min = 3, r.max = 255;
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

template <typename T> std::vector<T> spread(const ConvGeometry& g, const std::vector<T>& values) {
  std::vector<T> out(static_cast<size_t>(g.groups) * round_up_columns(g.group_out()));
  spread_columns(g, values.data(), out.data());
  return out;
}

std::vector<uint8_t> stored(const std::vector<int8_t>& view, bool is_unsigned) {
  std::vector<uint8_t> bytes(view.size());
  for (size_t i = 0; i < view.size(); ++i) bytes[i] = static_cast<uint8_t>(view[i] ^ (is_unsigned ? 0x80 : 0));
  return bytes;
}

template <typename T> std::vector<T> run(const Problem& p) {
  const ConvGeometry& g = p.g;
  const GemmI8Layout layout = conv_i8_layout(g);
  const size_t groups = static_cast<size_t>(g.groups), columns = groups * round_up_columns(layout.n);
  std::vector<int8_t> packed_storage(groups * layout.bytes() + 63);
  int8_t* packed = packed_storage.data() + (64 - reinterpret_cast<uintptr_t>(packed_storage.data()) % 64) % 64;
  std::vector<int32_t> folded(columns), sums(columns);
  pack_conv_i8(g, false, p.w.data(), packed);
  fold_conv_i8(g, p.w.data(), p.bias.data(), p.x_zero, p.extras.asymmetric ? p.w_zero.data() : nullptr, folded.data(), sums.data());
  const std::vector<uint8_t> x = stored(p.x, p.extras.x_unsigned), padding(layout.k, static_cast<uint8_t>(p.x_zero ^ (p.extras.x_unsigned ? 0x80 : 0)));
  const std::vector<int32_t> multiplier = spread(g, p.multiplier), zeros = spread(g, p.w_zero);
  const std::vector<int8_t> shift = spread(g, p.shift);
  const std::vector<float> scale = spread(g, p.scale);
  Requant requant = p.requant();
  requant.multiplier = multiplier.data(), requant.shift = shift.data(), requant.scale = scale.data();
  std::vector<T> y(g.out_pixels() * p.y_step, T(42));
  const ConvI8 conv{.geometry = g,
                    .threads = p.extras.threads,
                    .input = x.data(),
                    .input_step = p.x_step,
                    .weights = packed,
                    .bias = folded.data(),
                    .column_sum = {sums.data()},
                    .weight_zero_point = p.extras.asymmetric ? zeros.data() : nullptr,
                    .padding = padding.data(),
                    .x_unsigned = p.extras.x_unsigned,
                    .output = y.data(),
                    .output_step = p.y_step,
                    .requant = requant};
  for (size_t block = conv_i8_blocks(g, conv.threads); block-- > 0;) conv_i8_block(conv, block);
  return y;
}

template <typename T> void compare(const Problem& p) {
  const std::vector<T> y = run<T>(p);
  for (size_t i = 0; i < y.size(); ++i) {
    const auto o = static_cast<int32_t>(i % p.y_step);
    ASSERT_EQ(y[i], o < p.g.out_c ? static_cast<T>(p.expected(i / p.y_step, o)) : T(42)) << "pixel " << i / p.y_step << " channel " << o;
  }
}

void check(const ConvGeometry& g, const Extras& extras = {}) {
  SCOPED_TRACE(::testing::Message() << "in " << g.batch << "x" << g.in_h << "x" << g.in_w << "x" << g.in_c << " out " << g.out_h << "x" << g.out_w << "x"
                                    << g.out_c << " kernel " << g.kernel_h << "x" << g.kernel_w << " stride " << g.stride_h << " groups " << g.groups
                                    << " unsigned " << extras.x_unsigned << " asymmetric " << extras.asymmetric << " mode " << static_cast<int>(extras.mode));
  const Problem problem(g, extras);
  extras.mode == RequantMode::kNone ? compare<int32_t>(problem) : compare<uint8_t>(problem);
}

TEST_P(ConvI8OnIsa, Pointwise) {
  const IsaCap cap(GetParam());
  check(same_size(7, 24, 40, 1, 1));
  check(same_size(5, 3, 16, 1, 2));
  check({.in_h = 3, .in_c = 640, .out_h = 3, .out_c = 130});
}

TEST_P(ConvI8OnIsa, KernelsStridesAndPadding) {
  const IsaCap cap(GetParam());
  for (int32_t kernel : {2, 3, 5})
    for (int32_t stride : {1, 2, 3}) check(same_size(9, 20, 18, kernel, stride));
}

TEST_P(ConvI8OnIsa, WindowsOfFewChannelsAreCopiedTogether) {
  const IsaCap cap(GetParam());
  EXPECT_EQ(conv_i8_layout(same_size(11, 3, 17, 3, 1)).taps, 1u);
  EXPECT_EQ(conv_i8_layout(same_size(11, 4, 17, 3, 1)).taps, 9u);
  for (int32_t c : {1, 2, 3})
    for (int32_t kernel : {2, 3, 4, 7})
      for (int32_t stride : {1, 2}) check(same_size(11, c, 17, kernel, stride));
  check(same_size(2, 3, 8, 7, 1));  // the kernel is wider than the input
  check({.in_h = 9, .in_w = 9, .in_c = 2, .out_h = 5, .out_w = 7, .out_c = 6, .kernel_h = 3, .kernel_w = 2, .dilation_h = 2, .dilation_w = 2});
}

TEST_P(ConvI8OnIsa, DilationBatchAndUnevenShapes) {
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

TEST_P(ConvI8OnIsa, Groups) {
  const IsaCap cap(GetParam());
  ConvGeometry g = same_size(6, 24, 36, 3, 1);
  for (int32_t groups : {2, 3, 12}) {
    g.groups = groups;
    check(g, {.asymmetric = groups == 3});
  }
}

TEST_P(ConvI8OnIsa, MoreTapsThanPointers) {
  const IsaCap cap(GetParam());
  for (const Extras& extras : {Extras{}, Extras{.x_unsigned = true, .asymmetric = true}, Extras{.mode = RequantMode::kNone, .wider = 3}})
    check({.in_h = 20, .in_w = 20, .in_c = 9, .out_h = 3, .out_w = 5, .out_c = 50, .kernel_h = 18, .kernel_w = 16}, extras);
}

TEST_P(ConvI8OnIsa, UnsignedAsymmetricAndEveryRequantisation) {
  const IsaCap cap(GetParam());
  for (const RequantMode mode : {RequantMode::kTflm, RequantMode::kOnnx, RequantMode::kNone})
    for (const bool x_unsigned : {false, true})
      for (const bool asymmetric : {false, true})
        for (const int32_t c : {3, 17}) check(same_size(6, c, 20, 3, 1), {x_unsigned, asymmetric, mode, c == 3 ? size_t{5} : 0});
}

TEST_P(ConvI8OnIsa, ManyBlocksCoverTheOutputOnce) {
  const IsaCap cap(GetParam());
  const ConvGeometry wide = same_size(40, 32, 64, 3, 1), deep{.in_h = 5, .in_c = 2048, .out_h = 5, .out_c = 1000};
  EXPECT_GT(conv_i8_blocks(wide), 2u);
  EXPECT_GT(conv_i8_blocks(deep), 1u);
  EXPECT_EQ(conv_i8_blocks(deep, 1), 1u);
  for (const int threads : {1, 2})
    for (const RequantMode mode : {RequantMode::kTflm, RequantMode::kOnnx}) {
      check(wide, {.mode = mode, .threads = threads});
      check(deep, {.mode = mode, .threads = threads});
      check(same_size(20, 64, 96, 1, 1), {.mode = mode, .threads = threads});
    }
}

INSTANTIATE_TEST_SUITE_P(Caps, ConvI8OnIsa, ::testing::ValuesIn(testing::caps()), [](const auto& info) { return std::string(isa_name(info.param)); });

}  // namespace
}  // namespace verge
