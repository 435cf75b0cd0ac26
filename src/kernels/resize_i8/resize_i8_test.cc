#include "kernels/resize_i8/resize_i8.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "testing/seeded.h"

namespace verge {
namespace {

struct Options {
  bool align_corners, half_pixel_centers, is_unsigned;
};

std::vector<uint8_t> resized(const std::vector<uint8_t>& x, ResizeI8 r) {
  std::vector<uint8_t> y(static_cast<size_t>(r.batch * r.out_h * r.out_w * r.channels));
  r.x = x.data(), r.y = y.data();
  const size_t rows = static_cast<size_t>(r.batch * r.out_h);
  resize_bilinear_i8(r, rows / 2, rows);
  resize_bilinear_i8(r, 0, rows / 2);
  return y;
}

double position(int32_t o, int32_t in, int32_t out, const Options& options) {
  if (options.align_corners && out > 1) return o * static_cast<double>(in - 1) / (out - 1);
  const double step = static_cast<double>(in) / out;
  return std::fmax(options.half_pixel_centers ? (o + 0.5) * step - 0.5 : o * step, 0);
}

TEST(ResizeBilinearI8, FollowsTheRealFunction) {
  for (const Options& options : {Options{false, false, false}, Options{true, false, false}, Options{false, true, true}}) {
    const ResizeI8 r{2, 5, 4, 3, 10, 7, options.align_corners, options.half_pixel_centers, options.is_unsigned};
    testing::Random random(1);
    std::vector<uint8_t> x(2 * 5 * 4 * 3);
    for (auto& v : x) v = static_cast<uint8_t>(random.next() % 64);  // smooth enough that 10 bits of position stay within one step
    const std::vector<uint8_t> y = resized(x, r);
    for (int32_t b = 0; b < 2; ++b)
      for (int32_t i = 0; i < 10; ++i)
        for (int32_t j = 0; j < 7; ++j)
          for (int32_t c = 0; c < 3; ++c) {
            const double py = position(i, 5, 10, options), px = position(j, 4, 7, options);
            const auto y0 = static_cast<int32_t>(py), x0 = static_cast<int32_t>(px);
            const auto value = [&](int32_t yy, int32_t xx) { return x[static_cast<size_t>(((b * 5 + (yy < 5 ? yy : 4)) * 4 + (xx < 4 ? xx : 3)) * 3 + c)]; };
            const double fy = py - y0, fx = px - x0;
            const double want =
                (value(y0, x0) * (1 - fx) + value(y0, x0 + 1) * fx) * (1 - fy) + (value(y0 + 1, x0) * (1 - fx) + value(y0 + 1, x0 + 1) * fx) * fy;
            EXPECT_NEAR(y[static_cast<size_t>(((b * 10 + i) * 7 + j) * 3 + c)], want, 1.0) << b << " " << i << " " << j << " " << c;
          }
  }
}

TEST(ResizeBilinearI8, KeepsExtremesAndConstants) {
  for (const uint8_t v : {0x80, 0x7f, 0xff, 0x00})
    for (const bool is_unsigned : {false, true})
      for (const bool half_pixel : {false, true}) {
        const std::vector<uint8_t> y = resized(std::vector<uint8_t>(3 * 3, v), {1, 3, 3, 1, 8, 8, false, half_pixel, is_unsigned});
        for (const uint8_t got : y) EXPECT_EQ(got, v);
      }
}

// What the reference kernel of TensorFlow Lite Micro gives: plain, with corners aligned, with half-pixel centres.
TEST(ResizeBilinearI8, EqualsTheReferenceKernelToTheBit) {
  const int8_t x[9] = {-128, 127, 5, -6, 77, 0, -56, 30, -127};
  const int8_t want[3][20] = {{-128, 25, 103, 30, 5, -37, 39, 72, 19, 1, -31, 20, 30, -40, -64, -56, -4, -1, -95, -127},
                              {-128, -1, 127, 66, 5, -47, 24, 94, 48, 2, -23, 19, 61, 9, -42, -56, -13, 30, -49, -127},
                              {-128, -26, 127, 54, 5, -52, 7, 96, 40, 2, -25, 9, 59, -5, -48, -56, -22, 30, -64, -127}};
  for (int mode = 0; mode < 3; ++mode) {
    int8_t y[20];
    resize_bilinear_i8({1, 3, 3, 1, 4, 5, mode == 1, mode == 2, false, x, y}, 0, 4);
    for (int i = 0; i < 20; ++i) EXPECT_EQ(y[i], want[mode][i]) << "mode " << mode << " i " << i;
  }
}

}  // namespace
}  // namespace verge
