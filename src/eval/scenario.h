// The ways in which samples come to a model, after MLPerf Inference (https://arxiv.org/abs/1911.02549), and two that edge devices add.
//
//   single-stream  the next sample when the last one is done: latency
//   multi-stream   queries of several samples: latency of the query
//   offline        all samples at once: samples a second
//   server         samples at random times, as a Poisson process: latency from arrival
//   interval       a sample every so often, and sleep between
//   sustained      one after the other for long: throughput, temperature and clock over time
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/result.h"
#include "eval/bench.h"

namespace verge {

using RunSample = std::function<Result<void>()>;

enum class Scenario : uint8_t { kSingleStream, kMultiStream, kOffline, kServer, kInterval, kSustained };

struct ScenarioOptions {
  Scenario scenario = Scenario::kSingleStream;
  double seconds = 2;
  int streams = 8;              // samples of a query, multi-stream
  double interval_s = 1;
  double queries_per_s = 0;     // server; 0: the most that keep `bound_ms`, searched
  double bound_ms = 0;          // server: of the 99th percentile; 0: ten times the median of single-stream
  uint64_t seed = 1;            // of arrivals
};

struct Window {
  double at_s = 0, samples_per_s = 0;
  std::optional<double> temperature_c, clock_mhz;
};

struct ScenarioResult {
  Latency latency;              // of a sample, or of a query
  size_t samples = 0;
  double seconds = 0;
  double queries_per_s = 0, bound_ms = 0;  // server
  bool in_bound = true;
  std::vector<Window> windows;  // a second each, or a tenth of a shorter measurement
  std::string energy_source;    // empty: this machine has no sensor
  double joules = 0;
};

Result<ScenarioResult> run_scenario(const RunSample& run, const ScenarioOptions& options);
const char* scenario_name(Scenario scenario);
// "single-stream" and so on; none for another text.
std::optional<Scenario> scenario_of(const std::string& name);
Json scenario_json(const ScenarioResult& result, const ScenarioOptions& options);

// How long a battery lasts with one inference every `every_s`, from the energy of one and the power between. An estimate.
double battery_hours(double milliampere_hours, double volts, double joules_each, double every_s, double idle_watts);

}  // namespace verge
