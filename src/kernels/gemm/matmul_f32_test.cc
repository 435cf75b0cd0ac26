#include "kernels/gemm/matmul_f32.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "testing/seeded.h"

namespace verge {
namespace {

void check(size_t m, size_t n, size_t k, bool transposed) {
  const std::vector<float> a = testing::seeded_floats(m * k, 1), b = testing::seeded_floats(k * n, 2);
  std::vector<float> y(m * n, 42.0f), scratch(matmul_f32_scratch_size(n, k));
  const MatmulF32 matmul{m, n, k, a.data(), k, b.data(), transposed ? 1 : n, transposed ? k : 1, y.data(), n};
  pack_matmul_f32(matmul, scratch.data());
  const ConvF32 conv = packed_matmul_f32(matmul, scratch.data());
  for (size_t block = 0; block < conv_f32_blocks(conv, 1); ++block) conv_f32_block(conv, 1, block);
  for (size_t i = 0; i < m; ++i)
    for (size_t j = 0; j < n; ++j) {
      double want = 0, size = 0;
      for (size_t c = 0; c < k; ++c) {
        const double product = static_cast<double>(a[i * k + c]) * b[transposed ? j * k + c : c * n + j];
        want += product;
        size += std::fabs(product);
      }
      ASSERT_NEAR(y[i * n + j], want, static_cast<double>(k + 2) * 0x1p-24 * size) << "m=" << m << " n=" << n << " k=" << k << " i=" << i << " j=" << j;
    }
}

TEST(MatmulF32, BothOrdersOfTheRightOperand) {
  for (bool transposed : {false, true}) {
    check(1, 1, 1, transposed);
    check(7, 33, 20, transposed);
    check(50, 16, 64, transposed);
    check(3, 100, 5, transposed);
  }
}

}  // namespace
}  // namespace verge
