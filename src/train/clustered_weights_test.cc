#include "train/clustered_weights.h"

#include <gtest/gtest.h>

#include <set>

namespace verge::train {
namespace {

TEST(ClusteredWeights, StepsMoveWhatStandsBehindThem) {
  std::vector<float> w = {-1, -0.9f, 0.1f, 0.2f, 1, 1.1f};
  ClusteredWeights clustered({{w, 3}}, 3);
  EXPECT_EQ(std::set<float>(w.begin(), w.end()).size(), 3);
  EXPECT_NEAR(w[0], -0.95f, 1e-6f);
  EXPECT_NEAR(w[2], 0.15f, 1e-6f);
  for (int step = 0; step < 7; ++step) {  // small steps add up until the weight changes sides
    w[2] -= 0.1f;
    clustered.after_step();
    EXPECT_EQ(std::set<float>(w.begin(), w.end()).size(), 3) << step;
  }
  EXPECT_EQ(w[2], w[0]);
  EXPECT_NEAR(w[3], 0.2f, 1e-6f);
}

TEST(ClusteredWeights, TheStateBringsBackWhatStandsBehind) {
  std::vector<float> w = {-1, -0.4f, 0.3f, 1};
  ClusteredWeights one({{w, 2}}, 2);
  const Bytes state = one.state();
  const std::vector<float> then = w;
  EXPECT_EQ(state.size(), one.bytes());
  const auto go_on = [&] {
    for (int step = 0; step < 5; ++step) w[1] += 0.1f, one.after_step();
    return w;
  };
  const std::vector<float> first = go_on();
  w = then;
  one.set_state(state);
  EXPECT_EQ(go_on(), first);
  EXPECT_NE(first, then);
}

}  // namespace
}  // namespace verge::train
