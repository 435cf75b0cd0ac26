#include "train/sparse_weights.h"

#include <gtest/gtest.h>

namespace verge::train {
namespace {

TEST(SparseWeights, TheShareRisesFromBeginToEnd) {
  const Sparsity s{0.8, 0.2, 0.6};
  EXPECT_EQ(sparsity_at(s, 0.1), 0);
  EXPECT_NEAR(sparsity_at(s, 0.4), 0.8 * (1 - 0.125), 1e-12);
  EXPECT_NEAR(sparsity_at(s, 0.9), 0.8, 1e-12);
}

TEST(SparseWeights, TheLeastWeightsGoWhateverTheLayersScale) {
  std::vector<float> large = {100, -1, 50, 2}, small = {0.01F, 1, -0.5F, 0.02F};
  SparseWeights weights({{large, 4}, {small, 4}});
  weights.prune(0.5);
  EXPECT_EQ(large, (std::vector<float>{100, 0, 50, 0}));
  EXPECT_EQ(small, (std::vector<float>{0, 1, -0.5F, 0}));
  EXPECT_EQ(weights.share(), 0.5);
}

TEST(SparseWeights, ALayerKeepsItsLargestWeight) {
  std::vector<float> many(1000, 0.1F), one = {1e-6F};
  SparseWeights weights({{many, 1000}, {one, 1}});
  weights.prune(0.99);
  EXPECT_NE(one[0], 0);
}

TEST(SparseWeights, BlocksAreNeighbouringOutputsOfOneInput) {
  std::vector<float> w = {1, 9, 2, 9, 9, 1, 9, 1, 5, 5};  // five outputs of two inputs
  SparseWeights weights({{w, 2}}, 2);
  weights.prune(0.34);
  EXPECT_EQ(w, (std::vector<float>{0, 9, 0, 9, 9, 0, 9, 0, 5, 5}));
}

TEST(SparseWeights, ZerosOutliveAStep) {
  std::vector<float> w = {0, 2, 3};
  SparseWeights weights({{w, 3}});
  weights.before_step();
  w = {1, 0, 4};
  weights.after_step();
  EXPECT_EQ(w, (std::vector<float>{0, 0, 4}));
}

}  // namespace
}  // namespace verge::train
