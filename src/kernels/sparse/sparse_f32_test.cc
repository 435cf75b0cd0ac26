#include "kernels/sparse/sparse_f32.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "kernels/gemm/pack_f32.h"
#include "testing/isa.h"
#include "testing/seeded.h"

namespace verge {
namespace {

using testing::seeded_floats;

class SparseF32Kernel : public ::testing::TestWithParam<Kernel<SparseF32Fn>> {};

// Every `keep`-th block of a panel stays; keep 0: none.
std::vector<float> blocky(size_t n, size_t k, size_t keep) {
  std::vector<float> w = seeded_floats(n * k, 2);
  for (size_t o = 0; o < n; ++o)
    for (size_t c = 0; c < k; ++c)
      if (keep == 0 || (c + o / kSparseBlock) % keep != 0) w[o * k + c] = 0;
  return w;
}

void check(SparseF32Fn kernel, size_t rows, size_t n, size_t k, size_t keep) {
  const std::vector<float> x = seeded_floats(rows * k, 1), w = blocky(n, k, keep), bias = seeded_floats(n, 3);
  const size_t panels = (n + 15) / 16, blocks = count_sparse_blocks(n, k, w.data()), step = n + 3;
  std::vector<int32_t> start(panels + 1), column(blocks);
  std::vector<float> packed(16 * blocks), packed_bias(packed_bias_f32_size(n)), y(rows * step, 42.0F);
  pack_sparse_f32(n, k, w.data(), start.data(), column.data(), packed.data());
  pack_bias_f32(n, bias.data(), packed_bias.data());
  const SparseF32 a{x.data(), k, start.data(), column.data(), packed.data(), packed_bias.data(), y.data(), step, {-0.5F, 2}};
  for (size_t p = 0; p < panels; ++p) kernel(rows, p, std::min<size_t>(16, n - 16 * p), a);
  for (size_t r = 0; r < rows; ++r)
    for (size_t j = 0; j < step; ++j) {
      if (j >= n) {
        ASSERT_EQ(y[r * step + j], 42.0F) << "wrote past the end of row " << r << ", rows=" << rows << " n=" << n << " k=" << k;
        continue;
      }
      double sum = bias[j], size = std::fabs(bias[j]);
      for (size_t c = 0; c < k; ++c) sum += static_cast<double>(x[r * k + c]) * w[j * k + c], size += std::fabs(static_cast<double>(x[r * k + c]) * w[j * k + c]);
      ASSERT_NEAR(y[r * step + j], std::fmin(std::fmax(sum, -0.5), 2), static_cast<double>(k + 4) * 0x1p-24 * (size + 1)) << "rows=" << rows << " n=" << n << " k=" << k << " keep=" << keep;
    }
}

TEST_P(SparseF32Kernel, AgreesWithPlainLoopsAroundTheTile) {
  for (size_t rows : {1, 2, 3, 4, 5, 7, 8, 9, 17})
    for (size_t n : {1, 7, 8, 15, 16, 17, 40})
      for (size_t k : {1, 5, 33})
        for (size_t keep : {0, 1, 3}) check(GetParam().fn, rows, n, k, keep);
}

VERGE_FOR_EACH_KERNEL(SparseF32Kernel, sparse_f32_kernels());

TEST(SparseF32, CountsBlocksThatHoldAnything) {
  std::vector<float> w(20 * 3);
  EXPECT_EQ(count_sparse_blocks(20, 3, w.data()), 0U);
  w[15 * 3 + 1] = 1;  // the last output of the first panel
  w[16 * 3 + 1] = 1;  // the first of the second
  EXPECT_EQ(count_sparse_blocks(20, 3, w.data()), 2U);
}

}  // namespace
}  // namespace verge
