// The greatest or least values along the last axis, best first, with their indices (i64); of equal values the lower index comes first.
#pragma once
#include <cstdint>

namespace verge::exec {

struct TopKAttrs {
  uint32_t least = 0;  // 0: greatest
};

}  // namespace verge::exec
