// A deployed model repaired for inputs that have drifted: they are corrected at the head of its Program, and what the recipe trains (biases, else) learns on
// samples of them. Everything else stays as it was deployed, so that the update is small.
#pragma once
#include "packaging/input_correction.h"
#include "train/fit.h"

namespace verge::train {

struct Repaired {
  Graph graph;  // prepared as  verge convert  does, behind the correction: what lowering takes
  Json report;  // of the training run; null where nothing learnt
};

// `options.recipe` names the source of the deployed model; without `options.data.path` nothing learns. `correction` is of the model's inputs.
// kUnsupported: what learnt lies otherwise in the deployed Program; kInvalidArgument: recipe, data and correction do not fit.
Result<Repaired> repair(FitOptions options, const InputCorrection& correction, const std::function<void(const FitProgress&)>& progress = {});

}  // namespace verge::train
