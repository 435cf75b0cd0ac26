// The index of the greatest or least value along an axis, i64; f32 and plain integers.
#pragma once
#include <cstdint>

namespace verge::exec {

struct ArgReduceAttrs {
  int32_t axis = 0;
  uint32_t least = 0;  // 0: greatest
  uint32_t last = 0;   // of equal values the last, not the first
};

}  // namespace verge::exec
