// The bounds that f32 kernels put on their results: relu is {0, inf}, relu6 {0, 6}. NaN passes.
#pragma once
#include <limits>

namespace verge {

struct ClampF32 {
  float min = -std::numeric_limits<float>::infinity();
  float max = std::numeric_limits<float>::infinity();
};

}  // namespace verge
