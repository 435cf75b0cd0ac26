// A copy of x with elements replaced, or combined with updates, where indices say. Indices are i32 or i64; negative ones count from the end, others outside
// fail the run with kInvalidArgument. Of several updates of one element each takes effect, in their order.
#pragma once
#include <cstdint>

namespace verge::exec {

enum class Scatter : uint32_t { kSet, kAdd, kMul, kMin, kMax, kCount };

struct ScatterAttrs {
  uint32_t reduction = 0;
  uint32_t nd = 0;    // 1: tuples along the indices' last dimension name the first dimensions of x; 0: one index an element, along `axis`
  int32_t axis = 0;
};

}  // namespace verge::exec
