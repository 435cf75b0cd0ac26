// What a package may cost where it runs, and whether it does.
#pragma once
#include <string>

#include "core/json.h"
#include "core/result.h"

namespace verge {

// 0: no bound.
struct Budgets {
  double latency_ms = 0;
  double size_bytes = 0;  // of the package
  double ram_bytes = 0;   // of the arena
  double energy_mj = 0;   // of one run; of targets whose profile knows power
  bool any() const { return latency_ms > 0 || size_bytes > 0 || ram_bytes > 0 || energy_mj > 0; }
};

// `budgets` with a preset's bounds where it has none: realtime (50 ms), interactive (200 ms), mobile (20 MB), embedded (5 MB). kInvalidArgument lists the names.
Result<Budgets> with_preset(Budgets budgets, const std::string& name);

// One line a bound: {"budget", "limit", "is", "unit", "met", "label": "measured" | "estimated" | "planned"}. `candidate` is one of the report's, its "estimate" used
// where there is one. kInvalidArgument: a bound on what is not known there, and how to make it known.
Result<Json> judge(const Budgets& budgets, const Json& candidate);

bool all_met(const Json& lines);
// "size 86688, at most 50000 asked for (73 % over); ...": what is out of reach and by how much.
std::string misses(const Json& lines);

}  // namespace verge
