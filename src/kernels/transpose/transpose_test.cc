#include "kernels/transpose/transpose.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <vector>

#include "kernels/transpose/interleave3.h"
#include "testing/isa.h"
#include "testing/seeded.h"

namespace verge {
namespace {

void check(const std::vector<size_t>& shape, const std::vector<int>& permutation, size_t bytes) {
  const int rank = static_cast<int>(shape.size());
  const size_t count = std::accumulate(shape.begin(), shape.end(), size_t{1}, std::multiplies<>());
  std::vector<uint8_t> x(count * bytes), y(count * bytes + 1, 42);
  testing::Random random(1);
  for (uint8_t& v : x) v = static_cast<uint8_t>(random.next());
  const TransposePlan plan = plan_transpose(rank, shape.data(), permutation.data(), bytes);
  transpose(plan, x.data(), y.data(), plan.parts / 2, plan.parts);
  transpose(plan, x.data(), y.data(), 0, plan.parts / 2);
  for (size_t i = 0; i < count; ++i) {
    std::vector<size_t> at(shape.size());
    for (size_t d = shape.size(), rest = i; d-- > 0;) {
      const size_t axis = static_cast<size_t>(permutation[d]);
      at[axis] = rest % shape[axis];
      rest /= shape[axis];
    }
    size_t from = 0;
    for (size_t d = 0; d < shape.size(); ++d) from = from * shape[d] + at[d];
    ASSERT_EQ(std::memcmp(&y[i * bytes], &x[from * bytes], bytes), 0)
        << "element " << i << " of " << bytes << " bytes, permutation " << ::testing::PrintToString(permutation);
  }
  EXPECT_EQ(y.back(), 42) << "wrote past the end";
}

TEST(Transpose, EveryPermutationOfFourAxes) {
  std::vector<int> permutation = {0, 1, 2, 3};
  do {
    for (size_t bytes : {1, 2, 3, 4, 8}) check({2, 3, 4, 5}, permutation, bytes);
  } while (std::next_permutation(permutation.begin(), permutation.end()));
}

TEST(Transpose, PlanesLargerThanABlock) {
  for (size_t bytes : {1, 2, 4, 8}) check({35, 50}, {1, 0}, bytes);
  check({2, 20, 3, 33}, {0, 3, 2, 1}, 4);
}

TEST(Transpose, ThreePlanesOnEveryInstructionSet) {
  for (const auto& kernel : interleave3_kernels()) {
    if (!cpu_has(kernel.isa)) continue;
    const testing::IsaCap cap(kernel.isa);
    for (size_t bytes : {1, 2, 4})
      for (size_t n : {1, 31, 97, 200}) check({2, 3, n}, {0, 2, 1}, bytes);
  }
}

TEST(Transpose, AxesOfSizeOneEmptyShapesAndHighRank) {
  check({1, 7, 1, 3}, {3, 2, 1, 0}, 4);
  check({}, {}, 4);
  check({5}, {0}, 4);
  check({3, 0, 2}, {2, 1, 0}, 4);
  check({2, 3, 2, 2, 1, 3, 2, 2}, {7, 0, 6, 1, 5, 2, 4, 3}, 2);
}

TEST(Transpose, WhatStaysTogetherIsOneAxis) {
  const size_t shape[] = {2, 8, 9, 16};
  const int nhwc_to_nchw[] = {0, 3, 1, 2};
  const TransposePlan plan = plan_transpose(4, shape, nhwc_to_nchw, 4);
  EXPECT_EQ(plan.rank, 3);
  EXPECT_EQ(plan.size[1] * plan.size[2], 16u * 72u);
  const int identity[] = {0, 1, 2, 3};
  EXPECT_EQ(plan_transpose(4, shape, identity, 4).element_bytes, 2u * 8 * 9 * 16 * 4);
}

}  // namespace
}  // namespace verge
