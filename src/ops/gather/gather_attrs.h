// Elements named by indices that come from data: i32 or i64, negative ones count from the end, others outside fail the run with kInvalidArgument.
#pragma once
#include <cstdint>

namespace verge::exec {

struct GatherAttrs {  // y = x[..., indices, ...]: slices along the axis
  int32_t axis = 0;
};

struct GatherElementsAttrs {  // y[i] = x[i with i[axis] = indices[i]]
  int32_t axis = 0;
};

struct GatherNdAttrs {  // y[b, j] = x[b, indices[b, j, 0], ..., indices[b, j, k - 1]], the first batch_dims dimensions shared
  int32_t batch_dims = 0;
};

}  // namespace verge::exec
