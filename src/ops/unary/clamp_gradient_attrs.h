// clamp_gradient_f32   in: y, dy; out: dy where clamp_min < y < clamp_max, else 0
#pragma once

namespace verge::exec {

struct ClampGradientAttrs {
  float min = 0, max = 0;
};

}  // namespace verge::exec
