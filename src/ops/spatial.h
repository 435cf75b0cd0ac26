// What convolutions and pools share on the host: the layout of their tensors, the window, the size of the output.
#pragma once
#include <array>

#include "ops/op.h"
#include "ops/window_attrs.h"

namespace verge::ops {

// Where batch, height, width and channels lie among four dimensions.
struct Axes {
  int n, h, w, c;
};

// By the attribute `layout`: nchw (default) or nhwc.
Result<Axes> axes_of(const Node& node);

// One spatial axis of a window. `same` padding depends on the input's size, so begin and end are known only with it.
struct WindowAxis {
  enum class Pad : uint8_t { kGiven, kSameUpper, kSameLower };
  int32_t kernel = 1, stride = 1, dilation = 1;
  Pad pad = Pad::kGiven;
  int32_t begin = 0, end = 0;
  bool ceil = false;  // a last window that reaches beyond the padding counts, if it starts inside

  int64_t reach() const { return int64_t{kernel - 1} * dilation + 1; }
};

struct WindowExtent {
  int64_t out = 0;    // 0: the kernel does not fit
  int64_t begin = 0;  // padding before
};
WindowExtent extent(const WindowAxis& axis, int64_t in);

// Height and width of a window, by the attributes strides, dilations, pads or auto_pad, ceil_mode.
struct Window {
  WindowAxis h, w;
};
Result<Window> window_of(const Node& node, int64_t kernel_h, int64_t kernel_w);

// The output type's dimensions for x of rank 4; an unknown size stays unknown, and keeps its symbol where the window does not change it.
Result<std::vector<Dim>> window_dims(const Window& window, const Axes& axes, const std::vector<Dim>& x, const Dim& channels);

// The geometry of a window over x that makes y; both static, rank 4, in the layout of `axes`.
ConvGeometry geometry_of(const Window& window, const Axes& axes, const Shape& x, const Shape& y, int32_t groups);
exec::WindowAttrs window_attrs(const ConvGeometry& geometry);

// Where an element of a rank-4 tensor lies.
struct Strides4 {
  int64_t n, h, w, c;
  Strides4(const Axes& axes, const Shape& shape);
  size_t at(int64_t b, int64_t y, int64_t x, int64_t channel) const { return static_cast<size_t>(b * n + y * h + x * w + channel * c); }
};

// An operator that reaches lowering under nchw is our bug: the layout pass has not run.
Result<void> require_nhwc(const Node& node);

}  // namespace verge::ops
