#include "kernels/conv_geometry.h"

#include <gtest/gtest.h>

#include <vector>

#include "kernels/select.h"

namespace verge {
namespace {

TEST(ConvOutputSize, CountsTheWindowsThatFit) {
  EXPECT_EQ(conv_output_size(5, 3, 1, 1, 0), 3);
  EXPECT_EQ(conv_output_size(5, 3, 2, 1, 2), 3);
  EXPECT_EQ(conv_output_size(5, 3, 1, 2, 0), 1);
  EXPECT_EQ(conv_output_size(2, 3, 1, 1, 0), 0);
}

const void* expected(const ConvGeometry& g, const std::vector<int>& input, const int* padding, size_t pixel, int ky, int kx) {
  const int plane = g.out_h * g.out_w, p = static_cast<int>(pixel);
  const int b = p / plane, y = p % plane / g.out_w, x = p % g.out_w;
  const int iy = y * g.stride_h - g.pad_top + ky * g.dilation_h, ix = x * g.stride_w - g.pad_left + kx * g.dilation_w;
  if (iy < 0 || iy >= g.in_h || ix < 0 || ix >= g.in_w) return padding;
  return &input[static_cast<size_t>(((b * g.in_h + iy) * g.in_w + ix) * g.in_c)];
}

TEST(TapPointers, FollowStrideDilationPaddingBatchAndSlices) {
  ConvGeometry g{.batch = 2,
                 .in_h = 7,
                 .in_w = 5,
                 .in_c = 3,
                 .out_h = 4,
                 .out_w = 3,
                 .kernel_h = 3,
                 .kernel_w = 2,
                 .stride_h = 2,
                 .stride_w = 2,
                 .dilation_h = 2,
                 .dilation_w = 1,
                 .pad_top = 2,
                 .pad_left = 1};
  const std::vector<int> input(g.in_pixels() * 3);
  const int padding[3] = {};
  for (TapRange taps : {TapRange{0, 6}, TapRange{0, 1}, TapRange{1, 4}, TapRange{3, 6}})
    for (size_t first : {size_t{0}, size_t{5}, size_t{11}}) {
      const size_t pixels = g.out_pixels() - first;
      std::vector<const void*> got(pixels * taps.size());
      tap_pointers(g, input.data(), 3 * sizeof(int), padding, taps, first, pixels, got.data());
      for (size_t i = 0; i < got.size(); ++i) {
        const int tap = static_cast<int>(taps.begin + i % taps.size());
        ASSERT_EQ(got[i], expected(g, input, padding, first + i / taps.size(), tap / 2, tap % 2)) << "taps from " << taps.begin << ", pointer " << i;
      }
    }
}

TEST(TapPointers, PointwiseIsTheIdentity) {
  const ConvGeometry g{.batch = 2, .in_h = 2, .in_w = 3, .in_c = 4, .out_h = 2, .out_w = 3};
  const std::vector<int> input(g.in_pixels() * 4);
  const void* got[3];
  tap_pointers(g, input.data(), 4 * sizeof(int), nullptr, {0, 1}, 7, 3, got);
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(got[i], &input[(7 + i) * 4]);
}

TEST(Pick, TakesTheFirstThatRunsAndFollowsTheCap) {
  constexpr Kernel<int> kList[] = {{Isa::kWasm, "wasm", 1}, {Isa::kAvx2, "avx2", 2}, {Isa::kAny, "any", 3}};
  const std::span<const Kernel<int>> list(kList);
  Pick pick;
  clear_isa_cap();
  EXPECT_EQ(pick.from(list).fn, cpu_has(Isa::kWasm) ? 1 : cpu_has(Isa::kAvx2) ? 2 : 3);
  set_isa_cap(Isa::kAny);
  EXPECT_EQ(pick.from(list).fn, 3);
  clear_isa_cap();
  EXPECT_EQ(pick.from(list).fn, cpu_has(Isa::kWasm) ? 1 : cpu_has(Isa::kAvx2) ? 2 : 3);
}

}  // namespace
}  // namespace verge
