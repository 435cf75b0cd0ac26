// Which pass moved the output: each pass is left out in turn and the network compared with the one that all passes made.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "engine/load.h"

namespace verge {

struct PassEffect {
  std::string pass;
  bool needed = false;  // without it the model cannot be lowered
  double relative = 0;  // |with - without| / |without| over all outputs and samples
  double max_abs = 0;
};

// In the order of the pipeline. Runs `samples` seeded random inputs through the runtime, once a pass.
Result<std::vector<PassEffect>> bisect_passes(const std::string& path, const LoadOptions& options, size_t samples,
                                              const std::function<void(size_t done, size_t all)>& progress = {});

}  // namespace verge
