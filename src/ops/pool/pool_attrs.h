// Pooling over NHWC tensors; in: x.
#pragma once
#include "ops/window_attrs.h"

namespace verge::exec {

struct PoolAttrs {
  WindowAttrs window;
  int32_t kind = 0;   // PoolKind
  int32_t count = 0;  // PoolCount
  int32_t pad_bottom = 0, pad_right = 0;
};

struct PoolF32Attrs {
  PoolAttrs pool;
  float clamp_min = 0, clamp_max = 0;
};

struct PoolI8Attrs {
  PoolAttrs pool;
  int32_t mode = 0;  // RequantMode, of an average
  int32_t x_zero_point = 0, y_zero_point = 0;
  float scale = 1;  // x's over y's, in mode onnx
  int32_t min = -128, max = 127;
};

}  // namespace verge::exec
