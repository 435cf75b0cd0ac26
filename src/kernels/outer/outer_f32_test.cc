#include "kernels/outer/outer_f32.h"

#include <gtest/gtest.h>

#include <cmath>

#include "testing/isa.h"
#include "testing/seeded.h"

namespace verge {
namespace {

using testing::seeded_floats;

class OuterKernel : public ::testing::TestWithParam<Kernel<OuterF32Fn>> {};

TEST_P(OuterKernel, AddsTheSumOfOuterProductsAndNothingBeyond) {
  constexpr size_t kRuns = 3, kPixels = 5;
  for (size_t m : {1, 2, 7, 12, 13, 16, 17, 33})
    for (size_t n : {1, 4, 9, 15, 16, 17, 31, 32, 40, 48, 49, 63, 65}) {
      const size_t a_step = m + 1, b_step = n + 2, a_run = kPixels * a_step + 3, b_run = kPixels * b_step, c_step = n + 1;
      const auto a = seeded_floats(kRuns * a_run, 1), b = seeded_floats(kRuns * b_run, 2), before = seeded_floats(m * c_step + 1, 3);
      std::vector<float> c = before;
      GetParam().fn(m, n, {.runs = kRuns, .pixels = kPixels, .a = a.data(), .a_run = a_run, .a_step = a_step, .b = b.data(), .b_run = b_run, .b_step = b_step,
                           .c = c.data(), .c_step = c_step});
      for (size_t i = 0; i < m; ++i)
        for (size_t j = 0; j < n; ++j) {
          double want = before[i * c_step + j];
          for (size_t r = 0; r < kRuns; ++r)
            for (size_t p = 0; p < kPixels; ++p) want += double{a[r * a_run + p * a_step + i]} * b[r * b_run + p * b_step + j];
          ASSERT_NEAR(c[i * c_step + j], want, (kRuns * kPixels + 2) * 0x1p-24 * 4) << "m=" << m << " n=" << n << " i=" << i << " j=" << j;
        }
      for (size_t i = 0; i < m; ++i) ASSERT_EQ(c[i * c_step + n], before[i * c_step + n]) << "wrote past row " << i << ", m=" << m << " n=" << n;
    }
}

VERGE_FOR_EACH_KERNEL(OuterKernel, outer_f32_kernels());

}  // namespace
}  // namespace verge
