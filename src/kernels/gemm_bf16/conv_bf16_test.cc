#include "kernels/gemm_bf16/conv_bf16.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "base/half.h"
#include "testing/isa.h"
#include "testing/seeded.h"

namespace verge {
namespace {

using testing::seeded_floats;

float rounded(float x) {
  const uint32_t bits = static_cast<uint32_t>(float_to_bfloat(x)) << 16;
  float y;
  std::memcpy(&y, &bits, sizeof(y));
  return y;
}

struct Inputs {
  std::vector<float> x, w, bias, residual;
  explicit Inputs(const ConvGeometry& g)
      : x(seeded_floats(g.in_pixels() * static_cast<size_t>(g.in_c), 1)), w(seeded_floats(static_cast<size_t>(g.out_c) * g.taps() * g.group_in(), 2)),
        bias(seeded_floats(static_cast<size_t>(g.out_c), 3)), residual(seeded_floats(g.out_pixels() * static_cast<size_t>(g.out_c), 4)) {}
};

// Which tensors are bf16.
struct Types {
  bool input, residual, output;
};
constexpr Types kFloats{false, false, false}, kHalves{true, true, true};

// Numbers as they lie in memory, f32 or bf16.
struct Stored {
  std::vector<float> floats;
  std::vector<uint16_t> halves;
  bool half;

  Stored(const std::vector<float>& x, bool as_half) : floats(x), half(as_half) {
    for (float v : x) halves.push_back(float_to_bfloat(v));
  }
  Reals reals() const { return half ? Reals{halves.data(), true} : Reals{floats.data(), false}; }
  RealsOut out() { return half ? RealsOut{halves.data(), true} : RealsOut{floats.data(), false}; }
  std::vector<float> values() const {
    std::vector<float> out = floats;
    for (size_t i = 0; half && i < out.size(); ++i) out[i] = bfloat_to_float(halves[i]);
    return out;
  }
};

std::vector<float> run(const ConvGeometry& g, const Inputs& in, int threads, const Types& types, const UnaryBf16* activation = nullptr) {
  const size_t groups = static_cast<size_t>(g.groups), n = g.group_out(), k = g.taps() * g.group_in();
  std::vector<uint16_t> packed(groups * packed_weights_bf16_size(n, k));
  std::vector<float> bias(groups * padded_n_bf16(n));
  const Stored x(in.x, types.input), residual(in.residual, types.residual);
  Stored y(std::vector<float>(in.residual.size(), 42.0f), types.output);
  for (size_t i = 0; i < groups; ++i) {
    pack_weights_bf16(n, k, in.w.data() + i * n * k, packed.data() + i * packed_weights_bf16_size(n, k));
    std::copy_n(in.bias.data() + i * n, n, bias.data() + i * padded_n_bf16(n));
  }
  const std::unique_ptr<void, decltype(&std::free)> scratch(std::aligned_alloc(64, conv_bf16_scratch_size(g)), std::free);
  std::memset(scratch.get(), 0xff, conv_bf16_scratch_size(g));
  ConvBf16 conv;
  conv.geometry = g, conv.input = x.reals(), conv.input_step = static_cast<size_t>(g.in_c), conv.weights = packed.data(), conv.bias = bias.data();
  conv.residual = residual.reals(), conv.output = y.out(), conv.residual_step = conv.output_step = static_cast<size_t>(g.out_c);
  conv.activation = activation;
  for (size_t block = conv_bf16_blocks(conv, threads); block-- > 0;) conv_bf16_block(conv, threads, block, scratch.get());
  return y.values();
}

void check(const ConvGeometry& g, const Types& types) {
  ASSERT_TRUE(conv_bf16_fits(g));
  const Inputs in(g);
  const std::vector<float> y = run(g, in, 1, types);
  EXPECT_EQ(y, run(g, in, 4, types)) << "cut for four threads";
  const size_t k = g.taps() * g.group_in();
  for (size_t i = 0; i < y.size(); ++i) {
    const auto o = static_cast<int32_t>(i % static_cast<size_t>(g.out_c)), pixel = static_cast<int32_t>(i / static_cast<size_t>(g.out_c));
    const int32_t ox = pixel % g.out_w, oy = pixel / g.out_w % g.out_h, b = pixel / g.out_w / g.out_h;
    const int32_t first = o / static_cast<int32_t>(g.group_out()) * static_cast<int32_t>(g.group_in());
    double sum = in.bias[static_cast<size_t>(o)], size = 1;
    for (int32_t ky = 0; ky < g.kernel_h; ++ky)
      for (int32_t kx = 0; kx < g.kernel_w; ++kx)
        for (int32_t c = 0; c < static_cast<int32_t>(g.group_in()); ++c) {
          const int32_t iy = oy * g.stride_h - g.pad_top + ky * g.dilation_h, ix = ox * g.stride_w - g.pad_left + kx * g.dilation_w;
          if (iy < 0 || iy >= g.in_h || ix < 0 || ix >= g.in_w) continue;
          const double product = static_cast<double>(rounded(in.x[static_cast<size_t>(((b * g.in_h + iy) * g.in_w + ix) * g.in_c + first + c)])) *
                                 rounded(in.w[static_cast<size_t>(o) * k + static_cast<size_t>((ky * g.kernel_w + kx)) * g.group_in() + static_cast<size_t>(c)]);
          sum += product, size += std::fabs(product);
        }
    sum += types.residual ? rounded(in.residual[i]) : in.residual[i];
    const double rounding = types.output ? std::fabs(sum) * 0x1p-8 : 0;
    ASSERT_NEAR(y[i], sum, static_cast<double>(k + 4) * 0x1p-24 * (size + 1) + rounding) << "output " << i << " of batch " << b << ", pixel " << oy << ", " << ox << ", channel " << o;
  }
}

const ConvGeometry kGeometries[] = {
    {.in_h = 77, .in_c = 40, .out_h = 77, .out_c = 24},
    {.batch = 2, .in_h = 9, .in_w = 7, .in_c = 32, .out_h = 9, .out_w = 7, .out_c = 70},
    {.batch = 2, .in_h = 9, .in_w = 7, .in_c = 20, .out_h = 5, .out_w = 4, .out_c = 33, .stride_h = 2, .stride_w = 2},
    {.in_h = 24, .in_w = 23, .in_c = 16, .out_h = 24, .out_w = 23, .out_c = 40, .kernel_h = 3, .kernel_w = 3, .pad_top = 1, .pad_left = 1},
    {.batch = 2, .in_h = 17, .in_w = 15, .in_c = 3, .out_h = 9, .out_w = 8, .out_c = 16, .kernel_h = 3, .kernel_w = 3, .stride_h = 2, .stride_w = 2, .pad_top = 1, .pad_left = 1},
    {.in_h = 30, .in_w = 31, .in_c = 3, .out_h = 15, .out_w = 16, .out_c = 20, .kernel_h = 7, .kernel_w = 7, .stride_h = 2, .stride_w = 2, .pad_top = 3, .pad_left = 3},
    {.in_h = 11, .in_w = 12, .in_c = 8, .out_h = 9, .out_w = 6, .out_c = 17, .kernel_h = 3, .kernel_w = 3, .stride_w = 2, .dilation_h = 2, .dilation_w = 2, .pad_top = 1, .pad_left = 2},
    {.in_h = 8, .in_w = 8, .in_c = 24, .out_h = 8, .out_w = 8, .out_c = 36, .kernel_h = 3, .kernel_w = 3, .pad_top = 1, .pad_left = 1, .groups = 2},
    {.in_h = 1, .in_w = 700, .in_c = 10, .out_h = 1, .out_w = 700, .out_c = 18, .kernel_w = 3, .pad_left = 1},
    {.in_h = 2, .in_w = 3, .in_c = 4, .out_h = 2, .out_w = 4, .out_c = 9, .kernel_h = 5, .kernel_w = 7, .pad_top = 2, .pad_left = 3},
    {.in_h = 50, .in_c = 64, .out_h = 50, .out_c = 70},
    {.in_h = 7, .in_c = 96, .out_h = 7, .out_c = 40},
    {.batch = 2, .in_h = 9, .in_w = 7, .in_c = 32, .out_h = 9, .out_w = 7, .out_c = 40, .kernel_h = 3, .kernel_w = 3, .pad_top = 1, .pad_left = 1},
    {.in_h = 17, .in_w = 15, .in_c = 32, .out_h = 9, .out_w = 8, .out_c = 36, .kernel_h = 3, .kernel_w = 3, .stride_h = 2, .stride_w = 2, .pad_top = 1, .pad_left = 1},
    {.in_h = 20, .in_w = 19, .in_c = 64, .out_h = 8, .out_w = 5, .out_c = 20, .kernel_h = 5, .kernel_w = 4, .stride_h = 2, .stride_w = 3, .dilation_w = 2, .groups = 2},
    {.in_h = 60, .in_w = 90, .in_c = 64, .out_h = 58, .out_w = 88, .out_c = 16, .kernel_h = 3, .kernel_w = 3},
    {.in_h = 24, .in_w = 23, .in_c = 32, .out_h = 24, .out_w = 23, .out_c = 48, .kernel_h = 3, .kernel_w = 3, .pad_top = 1, .pad_left = 1},
    {.in_h = 3, .in_w = 2, .in_c = 32, .out_h = 1, .out_w = 2, .out_c = 16, .kernel_h = 3, .kernel_w = 2, .pad_left = 1},
    {.in_h = 6, .in_w = 5, .in_c = 20, .out_h = 8, .out_w = 7, .out_c = 9, .pad_top = 1, .pad_left = 1},
};

void check_all(std::initializer_list<Types> types) {
  for (const ConvGeometry& g : kGeometries)
    for (const Types& t : types) {
      SCOPED_TRACE(::testing::Message() << "geometry " << &g - kGeometries << ", bf16: " << t.input << t.residual << t.output);
      check(g, t);
    }
}

TEST(ConvBf16, AgreesWithPlainLoops) { check_all({kFloats, kHalves, {true, false, false}, {false, true, true}}); }

TEST(ConvBf16, AgreesWithPlainLoopsWithoutInstructionsOfBf16) {
  const testing::IsaCap cap(Isa::kAny);
  check_all({kFloats, kHalves});
}

TEST(ConvBf16, AgreesWithPlainLoopsWithoutTiles) {
  const testing::IsaCap cap(Isa::kAvx512Bf16);
  check_all({kFloats, kHalves});
}

TEST(ConvBf16, AFunctionOfWhatIsStoredIsTheFunctionItself) {
  const UnaryBf16 silu{UnaryF32::kSilu, {}};
  for (const ConvGeometry& g : kGeometries) {
    const Inputs in(g);
    std::vector<uint16_t> y = Stored(run(g, in, 1, kHalves), true).halves;
    silu(y.size(), y.data(), y.data());
    const std::vector<uint16_t> have = Stored(run(g, in, 3, kHalves, &silu), true).halves;
    EXPECT_EQ(have, y) << "geometry " << &g - kGeometries;
  }
}

TEST(ConvBf16, LeavesWindowsThatBeginInsideThePictureToOthers) {
  EXPECT_FALSE(conv_bf16_fits({.in_h = 5, .in_w = 5, .in_c = 4, .out_h = 3, .out_w = 3, .out_c = 4, .kernel_h = 2, .kernel_w = 2, .pad_top = -1, .pad_left = -1}));
}

}  // namespace
}  // namespace verge
