// y[i_0, ..., i_r-1] = x[j] with j[perm[d]] = i[d], x seen as [dim_0, ..., dim_r-1]: only the counts of the tensors matter. Any whole-byte type.
#pragma once
#include <cstdint>

#include "base/shape.h"

namespace verge::exec {

struct TransposeAttrs {
  int32_t rank = 0;
  int32_t dim[kMaxRank] = {};
  int32_t perm[kMaxRank] = {};
};

}  // namespace verge::exec
