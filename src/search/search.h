// Looks for a network that classifies pictures better than the recipe's own at the same cost on a microcontroller: evolution over stages (Real et al.: Regularized
// evolution, 2019), the fittest of each generation trained longer (successive halving, Jamieson and Talwalkar 2016).
#pragma once
#include <functional>
#include <string>

#include "core/json.h"
#include "search/device_cost.h"
#include "search/latency_table.h"
#include "search/space.h"
#include "train/fit.h"

namespace verge::search {

struct SearchOptions {
  train::FitOptions fit;  // the recipe that candidates are trained by and the data; a share of these judges, as the recipe says
  std::string target = "cortex-m4";
  int64_t most_ram = 0, most_flash = 0, most_instructions = 0;  // 0: what the network that the search begins with takes
  Space space;
  int generations = 3;
  int children = 12;    // of a generation
  int parents = 4;      // that a generation leaves
  int64_t steps = 150;  // of a candidate's training; the last `parents` are trained four times as long
  uint64_t seed = 1;
};

struct Candidate {
  Stages stages;
  DeviceCost cost;
  double score = 0;   // top-1 of the samples that judge
  int64_t steps = 0;  // of training behind the score
};

struct SearchOutcome {
  Candidate start, best;          // both trained four times `steps`
  std::vector<Candidate> all;     // in the order they were tried
  train::NetworkOptions network;  // input and classes
  Json recipe;                    // the best one's: the given recipe with its stages
  Json report;
};

// kInvalidArgument: the recipe's model is neither resnet8 nor staged, or a budget is below what any small network takes.
Result<SearchOutcome> search(const SearchOptions& options, const std::function<void(const std::string& line)>& say = {});

// Up to 16 of the networks tried, int8, on this machine: the latency that a table of measured layers predicts beside the measured one.
//   {"median_error", "largest_error": shares, "layers_measured", "networks": [{"stages", "predicted_ms", "measured_ms"}]}
Result<Json> latency_errors(const SearchOutcome& outcome, int threads);

}  // namespace verge::search
