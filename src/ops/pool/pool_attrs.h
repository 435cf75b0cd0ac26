// Pooling over NHWC tensors; in: x.
#pragma once
#include "ops/window_attrs.h"

namespace verge::exec {

struct PoolF32Attrs {
  WindowAttrs window;
  int32_t kind = 0;   // PoolKind
  int32_t count = 0;  // PoolCount
  int32_t pad_bottom = 0, pad_right = 0;
  float clamp_min = 0, clamp_max = 0;
};

}  // namespace verge::exec
