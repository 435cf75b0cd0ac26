// Packages in a row, each smaller than the one before, until one keeps the budgets.
#pragma once
#include "recipe/optimize.h"

namespace verge {

// As optimize(), where the package is too large again with 4-bit weights, then compressed. The report has "budgets" (judge() of what was chosen) and "tried": all
// candidates with "pareto" for those that no other one beats in drop, size and latency at once, and "recipe" (replay.h). What misses a budget is an outcome too.
Result<OptimizeOutcome> optimize_within(const OptimizeOptions& options, const Budgets& budgets, const StageProgress& progress = {});

}  // namespace verge
