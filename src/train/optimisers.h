// Steps of optimisers as nodes: what parameters and the optimiser's states are after a step.
//
//   sgd, adam, adamw   one node each (ops/update/update.cc)
//   lion               w -= rate * (sign(beta1 m + (1 - beta1) g) + decay w);  m = beta2 m + (1 - beta2) g   (Chen et al. 2023)
//   lamb               r = Adam's direction + decay w;  w -= rate * trust * r, trust = min(|w| / |r|, 10), 1 where either is 0   (You et al. 2020)
#pragma once
#include "train/graph_nodes.h"

namespace verge::train {

enum class Optimizer : uint8_t { kSgd, kAdam, kAdamW, kLion, kLamb };

struct OptimizerOptions {
  Optimizer optimizer = Optimizer::kSgd;
  double momentum = 0.9, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
  bool nesterov = false;
};

// Names of the states that the optimiser keeps for each parameter, of its shape.
std::vector<std::string> state_names(Optimizer optimizer);

struct UpdateInputs {
  std::vector<ValueId> states;  // the parameter, then the optimiser's
  ValueId gradient;
  ValueId scale;     // one number that the gradient is multiplied by; invalid: 1
  ValueId schedule;  // [rate, 1 / (1 - beta1^t), 1 / sqrt(1 - beta2^t)]
  double decay = 0;
};

// The states after the step, in their order.
std::vector<ValueId> add_update(GraphNodes& nodes, const OptimizerOptions& options, const UpdateInputs& in, const std::string& name);

}  // namespace verge::train
