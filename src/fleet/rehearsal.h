// Rollouts that never happened: the registry's own gate on outputs that two models gave for the same pictures.
#pragma once
#include <vector>

#include "core/result.h"

namespace verge::fleet {

struct RehearsalOptions {
  int rollouts = 200, devices = 1000;
  int runs_a_report = 20;  // shadow inferences between two check-ins of a device
  double expected = 0.95;  // agreement of a good release
  uint64_t seed = 1;
};

struct Rehearsal {
  int stopped = 0, passed = 0;
  std::vector<double> reached;  // share of the fleet that was offered the release before the gate spoke, a rollout
  std::vector<int64_t> runs;    // shadow inferences until then
};

// `agrees[i]`: whether the two models say the same of picture i; devices draw pictures with replacement.
Result<Rehearsal> rehearse(const std::vector<bool>& agrees, const RehearsalOptions& options);

}  // namespace verge::fleet
