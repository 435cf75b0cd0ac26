// weight_gradient_f32   in: x, dy; out: dw, db; scratch: kernels/weight_gradient
#pragma once
#include "ops/window_attrs.h"

namespace verge::exec {

struct WeightGradientAttrs {
  WindowAttrs window;
  int32_t groups = 1;
  int32_t rows = 0;  // 1: of a dense layer: x is [.., k], dy [.., n]
};

}  // namespace verge::exec
