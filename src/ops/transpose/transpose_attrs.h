// y[i_0, ..., i_r-1] = x[j] with j[perm[d]] = i[d]; any whole-byte type.
#pragma once
#include <cstdint>

#include "base/shape.h"

namespace verge::exec {

struct TransposeAttrs {
  int32_t perm[kMaxRank] = {};
};

}  // namespace verge::exec
