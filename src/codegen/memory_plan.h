// Places buffers in one arena. Unlike lower/arena_plan.h a layer's output may begin within its input where the layer's order of work allows it.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace verge::codegen {

// Bytes [begin, end) of a buffer that are in use at other steps than the rest, such as a row.
struct PlanPart {
  int64_t begin = 0, end = 0;
  int first = 0, last = 0;
};

struct PlanBuffer {
  int64_t bytes = 0;
  int first = 0, last = 0;      // steps at which it is in use, inclusive
  std::vector<PlanPart> parts;  // empty: all of it is
};

// Buffer `out` may overlap `in` (which dies where `out` is born) when it begins at least `distance` bytes below it, the difference being a multiple of `unit`.
struct Overlap {
  int in = 0, out = 0;
  int64_t distance = 0;
  int64_t unit = 1;
};

struct MemoryPlan {
  std::vector<int64_t> offsets;
  int64_t bytes = 0;
  int64_t lower_bound = 0;  // no plan is smaller
  int peak_step = 0;        // where that is
};

// Offsets are multiples of 4. Deterministic.
MemoryPlan plan_memory(std::span<const PlanBuffer> buffers, std::span<const Overlap> overlaps);

}  // namespace verge::codegen
