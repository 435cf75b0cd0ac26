// `verge optimize`: a trained model and a folder of samples become a package that is small and fast, with the accuracy kept and every figure measured.
//
//   import -> simplify -> split the data by hash -> score the original -> calibrate -> blame -> candidates by measured benefit -> package, report
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "engine/load.h"
#include "eval/bench.h"
#include "eval/files.h"
#include "quant/blame.h"
#include "recipe/budgets.h"
#include "recipe/plan_maker.h"

namespace verge {

// What a run decided by the clock, for its replay.
struct Decisions {
  std::string chosen;                       // the candidate's name
  std::vector<std::string> slower_in_int8;  // layers that stay float
};

struct OptimizeOptions {
  std::string model;
  DataOptions data;
  std::string pipeline;          // a declaration as JSON; empty: the model's own, else chosen on labelled samples
  std::string target = "host";
  double max_drop_points = 1;    // of top-1 (with labels) or of agreement (without), against the original
  size_t calibration = 512;      // samples
  size_t check = 1000;           // other samples that judge
  uint64_t seed = 0;             // of the split
  PlanOptions plan;
  bool compress = false;         // the smallest package within max_drop_points: coarse 4-bit weights, entropy coded, decoded when loaded
  bool time = true;              // measure latency here; false: accuracy alone decides
  std::optional<Decisions> decided;  // instead of measuring and choosing
  std::string source_sha256;     // the model must have it; empty: any
  LoadOptions load;
};

struct OptimizeOutcome {
  Bytes package;
  Graph graph;  // what the package's program computes, as formats::export_model takes it
  Json report;  // everything that was measured and decided; room report prints it
};

// kBudget when no candidate keeps within `max_drop_points`, or when a float model with labels is at chance (says what to declare).
Result<OptimizeOutcome> optimize(const OptimizeOptions& options, const StageProgress& progress = {});

}  // namespace verge
