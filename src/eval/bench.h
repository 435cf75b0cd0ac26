// Latency of a Program on this machine, measured as a user meets it: load, first run, warm runs with percentiles.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/json.h"
#include "lower/executable.h"

namespace verge {

struct Latency {
  size_t runs = 0;
  double mean_ms = 0, std_ms = 0, min_ms = 0, max_ms = 0;
  double p50_ms = 0, p90_ms = 0, p95_ms = 0, p99_ms = 0;
  double mean_low_ms = 0, mean_high_ms = 0;  // 95 % confidence interval of the mean, by bootstrap with a fixed seed
};

// One instruction's share of the time.
struct OpProfile {
  std::string name;  // the source node
  std::string op;
  double mean_ms = 0, p50_ms = 0;
  double share = 0;  // of the sum of all medians
  double macs = 0;
  double bytes = 0;      // that it reads and writes once: inputs, weights, outputs
  bool integer = false;  // 8-bit arithmetic
};

struct BenchOptions {
  double seconds = 2;     // of warm runs at most ...
  size_t most_runs = 10000;
  size_t fewest_runs = 10;
  bool profile = true;
};

struct BenchResult {
  double first_ms = 0;
  Latency warm;
  std::vector<OpProfile> profile;
};

Latency summarize(std::vector<double> samples_ms);
Json latency_json(const Latency& latency);

// A run copies `inputs` in and computes: what a caller pays.
Result<BenchResult> bench(Executable& executable, std::span<const Tensor> inputs, const BenchOptions& options);

// Seeded noise: floats in [-1, 1], 8-bit types over their whole range, everything else (indices, masks) zero.
std::vector<Tensor> random_inputs(const rt::Model& model, uint64_t seed);

struct Contender {
  Executable* executable;
  std::vector<Tensor> inputs;
};
// Latencies of several programs from interleaved rounds, so that a slow phase of the machine hits all alike.
Result<std::vector<Latency>> compare_latency(const std::vector<Contender>& contenders, int rounds, double seconds_each_round);

}  // namespace verge
