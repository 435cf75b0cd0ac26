#include "eval/scenario.h"

#include <gtest/gtest.h>

#include <thread>

namespace verge {
namespace {

// A model that takes two milliseconds.
struct Sleeper {
  int runs = 0;
  Result<void> operator()() {
    ++runs;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    return done();
  }
};

ScenarioResult result_of(ScenarioOptions options) {
  Sleeper sleeper;
  auto r = run_scenario([&] { return sleeper(); }, options);
  EXPECT_TRUE(r.ok());
  EXPECT_LE(static_cast<int>(r->samples), sleeper.runs);
  return *r;
}

TEST(Scenario, QueriesOfSeveralSamplesTakeAsManyTimesAsLong) {
  const ScenarioResult r = result_of({.scenario = Scenario::kMultiStream, .seconds = 0.2, .streams = 4});
  EXPECT_GE(r.latency.min_ms, 8);
  EXPECT_EQ(r.samples, 4 * r.latency.runs);
}

TEST(Scenario, AnIntervalSleepsBetweenSamples) {
  const ScenarioResult r = result_of({.scenario = Scenario::kInterval, .seconds = 0.3, .interval_s = 0.02});
  EXPECT_LE(r.samples, 16u);
  EXPECT_GE(r.samples, 8u);
}

TEST(Scenario, AServerThatIsOverloadedLeavesItsBound) {
  const ScenarioResult r = result_of({.scenario = Scenario::kServer, .seconds = 0.4, .queries_per_s = 2000, .bound_ms = 10});
  EXPECT_FALSE(r.in_bound);
  EXPECT_GT(r.latency.p99_ms, 50) << "waiting counts from the arrival";
}

TEST(Scenario, AServerFindsARateBelowItsOwnSpeed) {
  const ScenarioResult r = result_of({.scenario = Scenario::kServer, .seconds = 0.8, .bound_ms = 1000});
  EXPECT_GT(r.queries_per_s, 20);
  EXPECT_LT(r.queries_per_s, 500);
}

TEST(Scenario, ThroughputOverTimeIsOneWindowAfterTheOther) {
  const ScenarioResult r = result_of({.scenario = Scenario::kSustained, .seconds = 0.5});
  ASSERT_GE(r.windows.size(), 3u);
  for (size_t i = 1; i < r.windows.size(); ++i) EXPECT_GT(r.windows[i].at_s, r.windows[i - 1].at_s);
  EXPECT_LT(r.windows[0].samples_per_s, 501);
}

TEST(Scenario, EnergyIsNullWhereNoSensorIs) {
  ScenarioResult r;
  r.samples = 10;
  EXPECT_TRUE(scenario_json(r, {})["energy"].is_null());
  r.energy_source = "rapl package-0", r.joules = 5;
  EXPECT_DOUBLE_EQ(scenario_json(r, {})["energy"]["joules_per_sample"], 0.5);
}

TEST(Scenario, ABatteryLastsAsLongAsItsChargeSays) { EXPECT_NEAR(battery_hours(300, 3.7, 0.1, 1, 0.011), 10, 1e-9); }

}  // namespace
}  // namespace verge
