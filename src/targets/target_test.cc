#include "targets/target.h"

#include <gtest/gtest.h>

#include <set>

namespace verge {
namespace {

TEST(Targets, EveryProfileIsCompleteAndNamesItsSource) {
  std::set<std::string> names;
  EXPECT_GE(all_targets().size(), 20u);
  for (const Target& t : all_targets()) {
    EXPECT_TRUE(names.insert(t.name).second) << t.name;
    EXPECT_GT(t.int8_macs_per_cycle, 0) << t.name;
    EXPECT_GT(t.memory_gb_s, 0) << t.name;
    EXPECT_GT(std::string(t.source).size(), 10u) << t.name;
  }
}

TEST(Targets, AnUnknownNameListsTheKnownOnes) {
  const auto found = find_target("toaster");
  ASSERT_FALSE(found.ok());
  EXPECT_NE(found.error().message().find("rpi4"), std::string::npos);
}

TEST(Targets, AnEstimateGrowsWithWorkAndNamesTheSlowerOfArithmeticAndMemory) {
  const Target& t = **find_target("rpi4");
  EXPECT_GT(estimate(t, 0, 2000000, 0).latency_ms, estimate(t, 0, 1000000, 0).latency_ms);
  EXPECT_GT(estimate(t, 1000000, 0, 0).latency_ms, estimate(t, 0, 1000000, 0).latency_ms);
  EXPECT_DOUBLE_EQ(estimate(t, 0, 1, 1000000000).latency_ms, 1e3 / (t.memory_gb_s * 0.5));
}

}  // namespace
}  // namespace verge
