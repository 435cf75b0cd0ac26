// A whole training run: data, steps, validation, checkpoints, package and report.
#pragma once
#include <atomic>
#include <functional>
#include <string>

#include "core/json.h"
#include "eval/files.h"
#include "train/examples.h"
#include "train/recipe.h"

namespace verge::train {

struct FitOptions {
  Recipe recipe;
  DataOptions data;
  const Examples* samples = nullptr;  // read already: those that train and those that judge, instead of `data` and `validation`
  const Examples* judges = nullptr;
  int64_t most_steps = 0;             // the schedule ends then; 0: after the recipe's epochs
  std::string validation;       // other data that judge; empty: a share of `data`
  int threads = 1;
  double most_seconds = 0;      // --max-time: the schedule ends then; 0: after the recipe's epochs
  std::string checkpoint;       // file; written after each epoch and on interruption; empty: none
  bool resume = false;          // go on from the checkpoint
  int64_t stop_after_steps = 0;  // as an interruption would; 0: none
  const std::atomic<bool>* interrupted = nullptr;
};

struct FitOutcome {
  Bytes package;  // empty when interrupted
  Graph network;  // trained, as it was built or imported
  Graph unfused;  // the same as formats::export_model takes it
  Tensor outputs; // of the samples that judge, after the last epoch: [samples, ...]
  Json report;
  bool interrupted = false;
};

struct FitProgress {
  double share = 0;  // of the run
  int64_t epoch = 0, epochs = 0;
  double loss = 0, samples_per_second = 0;
};

// kInvalidArgument: recipe and data do not fit; kCorrupt: damaged data; kIo: no room for a checkpoint (the one before stays); kBudget: the loss is no
// number any more.
Result<FitOutcome> fit(const FitOptions& options, const std::function<void(const FitProgress&)>& progress = {});

}  // namespace verge::train
