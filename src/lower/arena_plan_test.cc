#include "lower/arena_plan.h"

#include <gtest/gtest.h>

#include <random>

namespace verge {
namespace {

TEST(ArenaPlan, TensorsThatNeverMeetShareMemory) {
  const std::vector<Lifetime> lives = {{0, 1, 100}, {2, 3, 100}};
  const ArenaPlan plan = plan_arena(lives);
  EXPECT_EQ(plan.bytes, 128u);
  EXPECT_EQ(plan.lower_bound, 128u);
}

TEST(ArenaPlan, NeverOverlapsTensorsThatAreAliveTogether) {
  std::mt19937 random(7);
  for (int round = 0; round < 50; ++round) {
    std::vector<Lifetime> lives;
    for (int i = 0; i < 40; ++i) {
      const int64_t first = random() % 30;
      lives.push_back({first, first + static_cast<int64_t>(random() % 6), 1 + random() % 5000});
    }
    const ArenaPlan plan = plan_arena(lives);
    EXPECT_GE(plan.bytes, plan.lower_bound);
    for (size_t a = 0; a < lives.size(); ++a)
      for (size_t b = 0; b < a; ++b) {
        if (lives[a].first > lives[b].last || lives[b].first > lives[a].last) continue;
        EXPECT_TRUE(plan.offsets[a] + lives[a].bytes <= plan.offsets[b] || plan.offsets[b] + lives[b].bytes <= plan.offsets[a]) << "round " << round;
      }
  }
}

}  // namespace
}  // namespace verge
