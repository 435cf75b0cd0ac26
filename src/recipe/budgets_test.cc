#include "recipe/budgets.h"

#include <gtest/gtest.h>

namespace verge {
namespace {

Json candidate() { return {{"package_bytes", 90000.0}, {"arena_bytes", 50000.0}, {"latency", {{"p50_ms", 0.1}}}}; }

TEST(Budgets, SayWhatIsOutOfReachAndByHowMuch) {
  Budgets b;
  b.size_bytes = 60000;
  b.ram_bytes = 64000;
  const Result<Json> lines = judge(b, candidate());
  ASSERT_TRUE(lines.ok());
  EXPECT_FALSE(all_met(*lines));
  EXPECT_EQ(misses(*lines), "size 90000 bytes, at most 60000 asked for (50 % over)");
}

TEST(Budgets, LatencyIsMeasuredHereAndEstimatedElsewhere) {
  Budgets b;
  b.latency_ms = 1;
  EXPECT_EQ((*judge(b, candidate()))[0]["label"], "measured");
  Json other = candidate();
  other["estimate"] = {{"latency_ms", 3.0}, {"energy_mj", nullptr}};
  const Json line = (*judge(b, other))[0];
  EXPECT_EQ(line["label"], "estimated");
  EXPECT_FALSE(line["met"].get<bool>());
}

TEST(Budgets, EnergyIsUnknownWithoutAProfile) {
  Budgets b;
  b.energy_mj = 1;
  EXPECT_FALSE(judge(b, candidate()).ok());
}

TEST(Budgets, PresetsFillWhatIsNotGiven) {
  Budgets b;
  b.size_bytes = 1000;
  EXPECT_EQ(with_preset(b, "mobile")->size_bytes, 1000);
  EXPECT_EQ(with_preset(b, "realtime")->latency_ms, 50);
  EXPECT_FALSE(with_preset(b, "tiny").ok());
}

}  // namespace
}  // namespace verge
