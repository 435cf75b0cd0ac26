// y[i] = x[start + i * step] along every axis; any whole-byte type.
#pragma once
#include <cstdint>

#include "base/shape.h"

namespace verge::exec {

struct SliceAttrs {
  int32_t start[kMaxRank] = {};
  int32_t step[kMaxRank] = {};
};

}  // namespace verge::exec
