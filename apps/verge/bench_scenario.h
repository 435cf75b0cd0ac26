// The part of `verge bench` that sends samples in one of MLPerf's scenarios, or over a long time.
#pragma once
#include "eval/scenario.h"
#include "verge/command.h"

namespace verge::cli {

struct ScenarioArguments {
  std::string scenario;
  double interval_s = 0, sustained_s = 0;
  int streams = 8;
  double queries_per_s = 0, bound_ms = 0;
  std::string battery, every = "1s";
  double volts = 3.7, idle_watts = 0, active_watts = 0;
};
void add_scenario_options(CLI::App& app, ScenarioArguments& arguments);
// Whether any of them asks for more than the plain benchmark.
bool asks_for_scenario(const ScenarioArguments& arguments);
// What is measured, and with --battery what is estimated from it.
Result<Json> measure_scenario(const ScenarioArguments& arguments, double seconds, const RunSample& run);
void print_scenario(const Json& result);

}  // namespace verge::cli
