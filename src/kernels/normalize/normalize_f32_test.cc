#include "kernels/normalize/normalize_f32.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/half.h"
#include "testing/isa.h"
#include "testing/seeded.h"

namespace verge {
namespace {

class NormalizeF32Test : public ::testing::TestWithParam<Kernel<NormalizeF32Fn>> {};

TEST_P(NormalizeF32Test, AgreesWithDoubleAndWritesNothingElse) {
  for (const size_t width : {1, 3, 4, 7, 16, 17, 64, 65, 192, 385})
    for (const size_t rows : {1, 3})
      for (const bool centre : {false, true})
        for (const bool affine : {false, true}) {
          const size_t step = width + 2, count = (rows - 1) * step + width;
          const std::vector<float> x = testing::seeded_floats(count, width, -3, 9), scale = testing::seeded_floats(width, 1, 0.5f, 2), bias = testing::seeded_floats(width, 2, -1, 1);
          std::vector<float> y(count + 1, 42);
          GetParam().fn({x.data(), y.data(), rows, width, step, affine ? scale.data() : nullptr, affine ? bias.data() : nullptr, centre, 1e-5f});
          double mean = 0, squares = 0;
          const double n = static_cast<double>(rows * width);
          for (size_t r = 0; centre && r < rows; ++r)
            for (size_t i = 0; i < width; ++i) mean += x[r * step + i] / n;
          for (size_t r = 0; r < rows; ++r)
            for (size_t i = 0; i < width; ++i) squares += std::pow(x[r * step + i] - mean, 2) / n;
          for (size_t at = 0; at <= count; ++at) {
            const size_t i = at % step;
            const double want = at == count || i >= width ? 42 : (x[at] - mean) / std::sqrt(squares + 1e-5f) * (affine ? scale[i] : 1) + (affine ? bias[i] : 0);
            ASSERT_NEAR(y[at], want, width == 1 ? 2e-3 : 2e-5) << "width " << width << " rows " << rows << " at " << at;  // one value's variance is rounding alone
          }
        }
}

TEST_P(NormalizeF32Test, InPlace) {
  std::vector<float> x = testing::seeded_floats(100, 5, -1, 1), y(100);
  GetParam().fn({x.data(), y.data(), 1, 100, 100, nullptr, nullptr, true, 1e-5f});
  GetParam().fn({x.data(), x.data(), 1, 100, 100, nullptr, nullptr, true, 1e-5f});
  EXPECT_EQ(x, y);
}

class NormalizeBf16Test : public ::testing::TestWithParam<Kernel<NormalizeBf16Fn>> {};

TEST_P(NormalizeBf16Test, AgreesWithFloatsThatAreRoundedOnce) {
  for (const size_t width : {1, 15, 16, 17, 64, 65, 192, 385}) {
    std::vector<float> x = testing::seeded_floats(width, width, -3, 9), want(width);
    const std::vector<float> scale = testing::seeded_floats(width, 1, 0.5f, 2), bias = testing::seeded_floats(width, 2, -1, 1);
    std::vector<uint16_t> halves, y(width + 1, 42);
    for (float& v : x) halves.push_back(float_to_bfloat(v)), v = bfloat_to_float(halves.back());
    normalize_f32_portable({x.data(), want.data(), 1, width, width, scale.data(), bias.data(), true, 1e-5f});
    GetParam().fn({halves.data(), y.data(), 1, width, width, scale.data(), bias.data(), true, 1e-5f});
    for (size_t i = 0; i < width; ++i) ASSERT_NEAR(bfloat_to_float(y[i]), want[i], std::fabs(want[i]) * 0x1p-8 + 1e-5) << "width " << width << " at " << i;
    EXPECT_EQ(y[width], 42) << "wrote past the end, width " << width;
  }
}

VERGE_FOR_EACH_KERNEL(NormalizeBf16Test, normalize_bf16_kernels());

VERGE_FOR_EACH_KERNEL(NormalizeF32Test, normalize_f32_kernels());

}  // namespace
}  // namespace verge
