#include "kernels/binary_bf16/binary_bf16.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/half.h"
#include "testing/isa.h"
#include "testing/seeded.h"

namespace verge {
namespace {

class BinaryBf16Kernels : public ::testing::TestWithParam<BinaryBf16Kernel> {};

constexpr size_t kSizes[] = {1, 2, 15, 16, 17, 33, 64, 100, 150};

std::vector<uint16_t> halves(const std::vector<float>& x) {
  std::vector<uint16_t> out;
  for (float v : x) out.push_back(float_to_bfloat(v));
  return out;
}

TEST_P(BinaryBf16Kernels, SumsAndProductsAreRoundedOnce) {
  for (const size_t n : kSizes)
    for (int types = 0; types < 4; ++types) {
      const std::vector<float> x = testing::seeded_floats(n, 1), y = testing::seeded_floats(n, 2);
      const std::vector<uint16_t> xh = halves(x), yh = halves(y);
      const Reals a = types & 1 ? Reals{xh.data(), true} : Reals{x.data(), false}, b = types & 2 ? Reals{yh.data(), true} : Reals{y.data(), false};
      for (const bool product : {false, true}) {
        std::vector<uint16_t> z(n + 1, 42);
        (product ? GetParam().mul : GetParam().add)({n, a, b, z.data(), {-0.75f, 0.5f}});
        EXPECT_EQ(z[n], 42) << "wrote past the end, n=" << n;
        for (size_t i = 0; i < n; ++i) {
          const float u = a.half ? bfloat_to_float(xh[i]) : x[i], v = b.half ? bfloat_to_float(yh[i]) : y[i];
          ASSERT_EQ(z[i], float_to_bfloat(std::fmin(0.5f, std::fmax(-0.75f, product ? u * v : u + v)))) << "n=" << n << " i=" << i << " types " << types;
        }
      }
    }
}

TEST_P(BinaryBf16Kernels, MeansOfRows) {
  for (const size_t n : kSizes)
    for (const size_t rows : {1, 2, 49}) {
      const size_t step = n + 3;
      const std::vector<uint16_t> x = halves(testing::seeded_floats(rows * step, 3));
      std::vector<float> y(n + 1, 42.0f);
      GetParam().mean({rows, n, step, x.data(), y.data()});
      EXPECT_EQ(y[n], 42.0f) << "wrote past the end, n=" << n;
      for (size_t i = 0; i < n; ++i) {
        double sum = 0;
        for (size_t k = 0; k < rows; ++k) sum += bfloat_to_float(x[k * step + i]);
        ASSERT_NEAR(y[i], sum / static_cast<double>(rows), static_cast<double>(rows + 2) * 0x1p-24) << "n=" << n << " rows " << rows << " i=" << i;
      }
    }
}

VERGE_FOR_EACH_KERNEL(BinaryBf16Kernels, binary_bf16_kernels());

}  // namespace
}  // namespace verge
