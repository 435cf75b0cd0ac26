// Reductions on the device.
#pragma once
#include <cstdint>

namespace verge::exec {

// Axes [first, last) are reduced; the code is a ReduceF32.
struct ReduceF32Attrs {
  uint32_t function = 0;
  int32_t first = 0, last = 0;
};

// The same for plain integers, in int64 with wrap-around; log_sum and log_sum_exp have no integers.
struct ReduceIntAttrs {
  uint32_t function = 0;
  int32_t first = 0, last = 0;
};

// Axis d is reduced where bit d of `axes` is set; the code is a ReduceI8Op, the mode a RequantMode, the multiplier that of the scales alone.
inline constexpr uint32_t kReduceI8Functions = 4;
struct ReduceI8Attrs {
  uint32_t function = 0;
  uint32_t mode = 0;
  uint32_t axes = 0;
  int32_t multiplier = 0, shift = 0;
};

}  // namespace verge::exec
