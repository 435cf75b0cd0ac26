#include "codegen/memory_plan.h"

#include <gtest/gtest.h>

namespace verge::codegen {
namespace {

TEST(MemoryPlan, BuffersAliveTogetherLieApart) {
  const PlanBuffer buffers[] = {{100, 0, 1}, {60, 1, 2}, {100, 2, 3}};
  const MemoryPlan plan = plan_memory(buffers, {});
  EXPECT_EQ(plan.bytes, 160);
  EXPECT_EQ(plan.lower_bound, 160);
  EXPECT_TRUE(plan.offsets[0] + 100 <= plan.offsets[1] || plan.offsets[1] + 60 <= plan.offsets[0]);
}

TEST(MemoryPlan, AnOutputBeginsItsDistanceBelowItsInput) {
  const PlanBuffer buffers[] = {{1000, -1, 0}, {1000, 0, 1}};
  const Overlap overlaps[] = {{0, 1, 72, 1}};
  const MemoryPlan plan = plan_memory(buffers, overlaps);
  EXPECT_EQ(plan.bytes, 1072);
  EXPECT_EQ(plan.lower_bound, 1072);
  EXPECT_EQ(plan.offsets[0] - plan.offsets[1], 72);
}

TEST(MemoryPlan, TheUnitOfAnOverlapIsKept) {
  const PlanBuffer buffers[] = {{1000, -1, 0}, {1000, 0, 1}};
  const Overlap overlaps[] = {{0, 1, 70, 10}};
  const MemoryPlan plan = plan_memory(buffers, overlaps);
  EXPECT_EQ((plan.offsets[0] - plan.offsets[1]) % 10, 0);
  EXPECT_EQ(plan.offsets[0] % 4, 0);
  EXPECT_EQ(plan.bytes, 1080);  // 80: the next multiple of 10 and of 4
}

TEST(MemoryPlan, AGrowingOutputLeavesItsInputAtTheEnd) {
  const PlanBuffer buffers[] = {{1000, -1, 0}, {2000, 0, 1}};
  const Overlap overlaps[] = {{0, 1, 1004, 1}};
  const MemoryPlan plan = plan_memory(buffers, overlaps);
  EXPECT_EQ(plan.bytes, 2004);
  EXPECT_EQ(plan.offsets[1], 0);
}

TEST(MemoryPlan, ChainsOfOverlapsReachTheBound) {
  const PlanBuffer buffers[] = {{512, -1, 2}, {512, 0, 1}, {512, 1, 2}, {512, 2, 3}};
  const Overlap overlaps[] = {{1, 2, 36, 1}, {0, 3, 0, 1}, {2, 3, 0, 1}};
  const MemoryPlan plan = plan_memory(buffers, overlaps);
  EXPECT_EQ(plan.bytes, plan.lower_bound);
  EXPECT_EQ(plan.bytes, 512 + 548);
}

TEST(MemoryPlan, RowsThatDieLeaveTheirBytes) {
  // A buffer whose rows die one by one, and one that is in use when the first three are gone.
  const PlanBuffer buffers[] = {{400, 0, 4, {{0, 100, 0, 1}, {100, 200, 0, 2}, {200, 300, 0, 3}, {300, 400, 0, 4}}}, {300, 4, 5}};
  const MemoryPlan plan = plan_memory(buffers, {});
  EXPECT_EQ(plan.bytes, 400);
  EXPECT_EQ(plan.lower_bound, 400);
  EXPECT_LE(plan.offsets[1] + 300, plan.offsets[0] + 300);
}

TEST(MemoryPlan, RowsThatComeFollowThoseThatGo) {
  // At step t row t of the output is made and row t - 1 of the input is still read.
  PlanBuffer in{400, -1, 3}, out{400, 0, 4};
  for (int y = 0; y < 4; ++y) in.parts.push_back({100 * y, 100 * y + 100, -1, y}), out.parts.push_back({100 * y, 100 * y + 100, y, 4});
  const PlanBuffer buffers[] = {in, out};
  const MemoryPlan plan = plan_memory(buffers, {});
  EXPECT_EQ(plan.bytes, 500);
  EXPECT_EQ(plan.offsets[0] - plan.offsets[1], 100);
}

TEST(MemoryPlan, NothingNeedsNothing) { EXPECT_EQ(plan_memory({}, {}).bytes, 0); }

}  // namespace
}  // namespace verge::codegen
