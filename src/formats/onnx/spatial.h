// Sliding windows over any number of spatial dimensions with every number known: what decompositions reckon with.
#pragma once
#include <vector>

#include "formats/onnx/node_context.h"

namespace verge::formats::onnx {

// One entry a spatial dimension.
struct SpatialForm {
  std::vector<int64_t> kernel, strides, dilations;
  std::vector<int64_t> begin, end;  // padding
  std::vector<int64_t> out;         // windows

  size_t axes() const { return kernel.size(); }
  int64_t reach(size_t d) const { return (kernel[d] - 1) * dilations[d] + 1; }
};

// `per_axis` numbers a spatial dimension from an attribute, each at least `least`.
Result<std::vector<int64_t>> spatial_list(NodeContext& c, const char* name, size_t axes, size_t per_axis, int64_t filler, int64_t least);

// Attributes strides, dilations, pads or auto_pad, ceil_mode over x [n, c, d...].
Result<SpatialForm> spatial_form(NodeContext& c, const Shape& x, std::vector<int64_t> kernel);
// The same with the attribute kernel_shape.
Result<SpatialForm> pool_spatial_form(NodeContext& c, const Shape& x);

// x padded by `value` so that every window lies within.
ValueId padded_to_windows(NodeContext& c, ValueId x, const Shape& shape, const SpatialForm& form, double value);

// Three spatial dimensions. x [n, c, d, h, w], w [out, c / groups, kd, kh, kw]; the form's kernel is that of the weights.
Result<ValueId> volume_conv(NodeContext& c, ValueId x, ValueId w, ValueId bias, const SpatialForm& form, int64_t groups);
// `op`: max_pool or avg_pool. Two dimensions at once, then the third: extremes and means over a box are those of its sides.
Result<ValueId> volume_pool(NodeContext& c, const char* op, ValueId x, const SpatialForm& form, bool count_include_pad);

}  // namespace verge::formats::onnx
