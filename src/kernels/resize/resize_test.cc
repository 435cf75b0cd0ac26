#include "kernels/resize/resize.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "testing/isa.h"
#include "testing/seeded.h"

namespace verge {
namespace {

class WeightedSumF32Kernel : public ::testing::TestWithParam<Kernel<WeightedSumF32Fn>> {};

TEST_P(WeightedSumF32Kernel, AgreesWithPlainLoopsForAnyLength) {
  for (size_t n : {1, 3, 4, 5, 8, 9, 16, 17, 40})
    for (size_t taps : {1, 2, 5}) {
      const size_t step = n + 1;
      const std::vector<float> x = testing::seeded_floats(taps * step, 1), w = testing::seeded_floats(taps, 2);
      std::vector<float> y(n + 1, 42.0f);
      GetParam().fn(n, taps, w.data(), x.data(), step, y.data());
      for (size_t i = 0; i < n; ++i) {
        double want = 0;
        for (size_t t = 0; t < taps; ++t) want += static_cast<double>(w[t]) * x[t * step + i];
        ASSERT_NEAR(y[i], want, static_cast<double>(taps * taps) * 0x1p-23) << "n=" << n << " taps=" << taps << " i=" << i;
      }
      EXPECT_EQ(y[n], 42.0f) << "wrote past the end, n=" << n;
    }
}

TEST(ResizeF32, BilinearOfARampIsTheRamp) {
  // Input 3 x 4, value = 10 y + x + c / 10; output 5 x 7 with corners aligned, so that the result is exact up to rounding.
  for (size_t channels : {1, 3, 4, 5, 20}) {
    const size_t in_h = 3, in_w = 4, out_h = 5, out_w = 7, batch = 2;
    std::vector<int32_t> y_first, x_first;
    std::vector<float> y_weights, x_weights;
    const auto axis = [](size_t in, size_t out, std::vector<int32_t>& first, std::vector<float>& weights) {
      for (size_t i = 0; i < out; ++i) {
        const float at = static_cast<float>(i * (in - 1)) / static_cast<float>(out - 1);
        first.push_back(std::min<int32_t>(static_cast<int32_t>(at), static_cast<int32_t>(in) - 2));
        weights.push_back(1 - (at - static_cast<float>(first.back())));
        weights.push_back(at - static_cast<float>(first.back()));
      }
    };
    axis(in_h, out_h, y_first, y_weights);
    axis(in_w, out_w, x_first, x_weights);
    std::vector<float> x, y(batch * out_h * out_w * channels + 1, 42.0f);
    for (size_t i = 0; i < batch * in_h * in_w * channels; ++i)
      x.push_back(static_cast<float>(10 * (i / channels / in_w) + i / channels % in_w) + static_cast<float>(i % channels) / 10);
    const ResizeF32 resize{in_h,     in_w,    out_h, out_w, channels, {y_first.data(), y_weights.data(), 2}, {x_first.data(), x_weights.data(), 2},
                           x.data(), y.data()};
    std::vector<float> scratch(resize_f32_scratch_size(resize));
    resize_f32_rows(resize, 4, batch * out_h, scratch.data());
    resize_f32_rows(resize, 0, 4, scratch.data());
    for (size_t i = 0; i + 1 < y.size(); ++i) {
      const size_t pixel = i / channels, row = pixel / out_w % out_h, column = pixel % out_w, b = pixel / out_w / out_h;
      const float want =
          10 * (static_cast<float>(row) / 2 + static_cast<float>(b * in_h)) + static_cast<float>(column) / 2 + static_cast<float>(i % channels) / 10;
      ASSERT_NEAR(y[i], want, 1e-5) << "channels=" << channels << " i=" << i;
    }
    EXPECT_EQ(y.back(), 42.0f);
  }
}

TEST(ResizeNearest, CopiesWholePixelsOfAnyType) {
  const std::vector<uint8_t> x = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};  // 2 x 2 pixels of 3 bytes
  const int32_t rows[] = {1, 0, 1}, columns[] = {0, 1};
  std::vector<uint8_t> y(18);
  resize_nearest_rows({2, 2, 3, 2, 3, rows, columns, x.data(), y.data()}, 0, 3);
  EXPECT_EQ(y, (std::vector<uint8_t>{7, 8, 9, 10, 11, 12, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}));
}

VERGE_FOR_EACH_KERNEL(WeightedSumF32Kernel, weighted_sum_f32_kernels());

}  // namespace
}  // namespace verge
