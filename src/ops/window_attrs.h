// The sliding window of a convolution or pool as instructions carry it; sizes come from the tensors.
#pragma once
#include "base/shape.h"
#include "base/status.h"
#include "kernels/conv_geometry.h"

namespace verge::exec {

struct WindowAttrs {
  int32_t kernel_h = 1, kernel_w = 1;
  int32_t stride_h = 1, stride_w = 1;
  int32_t dilation_h = 1, dilation_w = 1;
  int32_t pad_top = 0, pad_left = 0;
};

// The window over x [batch, h, w, c] that makes y [batch, h, w, c], both shapes of rank 4.
ConvGeometry make_geometry(const WindowAttrs& window, int32_t groups, const Shape& x, const Shape& y);

// kCorrupt unless x and y have rank 4, no dimension is 0, batches agree, groups divide the channels, no index that a kernel computes from the
// geometry overflows 32 bits, and no size of packed weights 64. What passes is safe for make_geometry and for every kernel, whatever the window.
Status check_geometry(const WindowAttrs& window, int32_t groups, const Shape& x, const Shape& y);

// Padding below and to the right, where a pool counts it.
Status check_end_padding(int32_t bottom, int32_t right);

}  // namespace verge::exec
