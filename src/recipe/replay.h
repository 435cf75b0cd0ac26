// A run of `verge optimize` as data (OUT.recipe.json): each candidate can be made again from it, byte for byte, whatever the clock says.
#pragma once
#include <span>
#include <string>

#include "recipe/optimize.h"

namespace verge {

// What was asked, and as "candidates" what the runs came to: each with its plan, the layers that timing sent back to float and its package's SHA-256.
//   forms: the options of each run, in the order of `reports`; chosen_sha256: of the package that was written
Json recipe_json(std::span<const OptimizeOptions> forms, std::span<const Json> reports, const std::string& chosen_sha256);

struct Replay {
  OptimizeOptions options;     // timing off, decided as it was
  std::string package_sha256;  // of the candidate
};

// The candidate of this name or whose SHA-256 begins so, or the chosen one for an empty name. kInvalidArgument names a key that is missing or wrong, or lists the candidates.
Result<Replay> replay_of(const Json& recipe, const std::string& candidate);

}  // namespace verge
