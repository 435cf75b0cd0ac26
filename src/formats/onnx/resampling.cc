// Resize and its forerunner, and blocks of channels that become space.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "formats/onnx/shorthand.h"
#include "base/integers.h"
#include "formats/onnx/table.h"

namespace verge::formats::onnx {
namespace {

constexpr const char* kFixSizes = "give sizes to the symbolic dimensions (--dim NAME=SIZE), or export the model with fixed shapes";

// Numbers of a resize for the axes that it names, spread to all dimensions.
struct Extent {
  std::vector<double> scales;   // of every dimension; empty: by the sizes
  std::vector<int64_t> sizes;   // of every dimension
};

Result<std::vector<double>> constant_reals(NodeContext& c, size_t i, const char* what) {
  VERGE_TRY(const Tensor tensor, c.known(i, what));
  return tensor.to_doubles();
}

Result<int64_t> scaled_size(NodeContext& c, const Dim& dim, double scale) {
  if (!(scale > 0)) return c.damaged("a scale of " + std::to_string(scale));
  if (!dim.known() && scale != 1) return c.refuse("it scales a dimension that is not known", kFixSizes);
  const float size = dim.known() ? std::floor(static_cast<float>(dim.size) * static_cast<float>(scale)) : -1;  // 10 * 0.7 is 7 in f32 alone
  if (size >= 2147483648.0f) return c.damaged("its result is absurdly large");
  return static_cast<int64_t>(size);
}

Result<Extent> extent_of_scales(NodeContext& c, const std::vector<double>& scales, const std::vector<int64_t>& axes) {
  const std::vector<Dim>& dims = c.type(size_t{0}).dims;
  if (scales.size() != axes.size()) return c.damaged("it names " + std::to_string(scales.size()) + " scales for " + std::to_string(axes.size()) + " axes");
  Extent out{std::vector<double>(dims.size(), 1.0), {}};
  for (size_t i = 0; i < axes.size(); ++i) out.scales[axes[i]] = scales[i];
  for (size_t i = 0; i < dims.size(); ++i) {
    VERGE_TRY(const int64_t size, scaled_size(c, dims[i], out.scales[i]));
    out.sizes.push_back(size);
  }
  return out;
}

// A policy other than `stretch` keeps the aspect ratio: one scale for all axes, the smallest or the largest that the sizes allow.
Result<Extent> extent_of_sizes(NodeContext& c, const Contents& sizes, const std::vector<int64_t>& axes) {
  const std::vector<Dim>& dims = c.type(size_t{0}).dims;
  const std::string policy = c.text("keep_aspect_ratio_policy", "stretch");
  if (sizes.size() != axes.size()) return c.damaged("it names " + std::to_string(sizes.size()) + " sizes for " + std::to_string(axes.size()) + " axes");
  Extent out;
  for (const Dim& d : dims) out.sizes.push_back(d.known() ? d.size : -1);
  double scale = policy == "not_larger" ? std::numeric_limits<double>::infinity() : 0;
  for (size_t i = 0; i < axes.size(); ++i) {
    const Dim& d = dims[axes[i]];
    const Element& size = sizes[i];
    if (!size.value && !d.known() && symbol_of(c.graph(), c.in(0), axes[i]) == size.symbol) continue;  // the batch stays as it is
    if (!size.value) return c.refuse("its sizes are not constant", kFixSizes);
    if (*size.value < 1 || *size.value > std::numeric_limits<int32_t>::max()) return c.damaged("a size of " + std::to_string(*size.value));
    out.sizes[axes[i]] = *size.value;
    if (policy == "stretch") continue;
    if (!d.known() || d.size == 0) return c.refuse("the sizes that its aspect ratio depends on are not known", kFixSizes);
    const double ratio = static_cast<double>(*size.value) / static_cast<double>(d.size);
    scale = policy == "not_larger" ? std::min(scale, ratio) : std::max(scale, ratio);
  }
  if (policy == "stretch") return out;
  out.scales.assign(dims.size(), 1.0);
  for (int64_t a : axes) {
    out.scales[a] = scale;
    out.sizes[a] = to_integer<int64_t>(std::floor(scale * static_cast<double>(dims[a].size) + 0.5));
  }
  return out;
}

Result<std::vector<int64_t>> resized_axes(NodeContext& c, int rank) {
  std::vector<int64_t> every(rank);
  std::iota(every.begin(), every.end(), 0);
  std::vector<int64_t> axes = c.integers("axes", every);
  for (int64_t& a : axes) {
    VERGE_TRY(a, c.axis(a, rank));
  }
  return axes;
}

Attrs attrs_of(const Extent& extent) {
  Attrs attrs = {{"sizes", extent.sizes}};
  if (!extent.scales.empty()) attrs["scales"] = extent.scales;
  return attrs;
}

// Opset 10 takes scales alone and means what opset 11 calls asymmetric and floor; so did Upsample.
Result<void> finish_old(NodeContext& c, const std::vector<double>& scales) {
  const std::string mode = c.text("mode", "nearest");
  if (mode != "nearest" && mode != "linear" && mode != "bilinear") return c.refuse("its mode '" + mode + "' is not supported");
  VERGE_TRY(const int rank, c.rank());
  VERGE_TRY(const std::vector<int64_t> axes, resized_axes(c, rank));
  VERGE_TRY(const Extent extent, extent_of_scales(c, scales, axes));
  Attrs attrs = attrs_of(extent);
  attrs["mode"] = std::string(mode == "nearest" ? "nearest" : "linear");
  attrs["coordinate"] = std::string("asymmetric");
  attrs["nearest_mode"] = std::string("floor");
  return c.finish(c.add("resize", {c.in(0)}, attrs));
}

Result<void> upsample_by_attribute(NodeContext& c) { return finish_old(c, c.reals("scales")); }

Result<void> resize_by_scales(NodeContext& c) {
  VERGE_TRY(const std::vector<double> scales, constant_reals(c, 1, "scales"));
  return finish_old(c, scales);
}

Result<Extent> extent_of(NodeContext& c) {
  VERGE_TRY(const int rank, c.rank());
  VERGE_TRY(const std::vector<int64_t> axes, resized_axes(c, rank));
  const bool by_sizes = c.has(3) && !(c.contents(3) && c.contents(3)->empty());
  if (!by_sizes) {
    VERGE_TRY(const std::vector<double> scales, constant_reals(c, 2, "scales"));
    return extent_of_scales(c, scales, axes);
  }
  const auto sizes = c.contents(3);
  if (!sizes) return c.refuse("its sizes (input 3) depend on data", kFixSizes);
  return extent_of_sizes(c, *sizes, axes);
}

// The part of the input that is resized: where it begins in every dimension, then where it ends.
Result<std::vector<double>> crop_of(NodeContext& c) {
  VERGE_TRY(const int rank, c.rank());
  VERGE_TRY(const std::vector<int64_t> axes, resized_axes(c, rank));
  VERGE_TRY(const std::vector<double> roi, constant_reals(c, 1, "region of interest"));
  if (roi.size() != 2 * axes.size()) return c.damaged("its region of interest has " + std::to_string(roi.size()) + " numbers for " + std::to_string(axes.size()) + " axes");
  std::vector<double> crop(2 * static_cast<size_t>(rank), 0.0);
  std::fill(crop.begin() + rank, crop.end(), 1.0);
  for (size_t i = 0; i < axes.size(); ++i) {
    crop[axes[i]] = roi[i];
    crop[rank + axes[i]] = roi[axes.size() + i];
  }
  return crop;
}

// y with extrapolation_value wherever the crop reaches beyond the input.
Result<ValueId> extrapolated(NodeContext& c, ValueId y, const std::vector<double>& crop) {
  VERGE_TRY(const Shape out, known_shape(c, y, "result"));
  ValueId filled = y;
  for (int d = 0; d < out.rank; ++d) {
    const double begin = crop[static_cast<size_t>(d)], end = crop[static_cast<size_t>(out.rank + d)];
    std::vector<bool> outside;
    for (int32_t i = 0; i < out[d]; ++i) {
      const double at = out[d] == 1 ? (begin + end) / 2 : begin + (end - begin) * i / (out[d] - 1);
      outside.push_back(at < 0 || at > 1);
    }
    if (std::none_of(outside.begin(), outside.end(), [](bool b) { return b; })) continue;
    Shape line;
    for (int k = 0; k < out.rank; ++k) line.dim[line.rank++] = k == d ? out[d] : 1;
    filled = c.add("where", {bools(c, outside, line), c.scalar(c.real("extrapolation_value", 0), y), filled});
  }
  return filled;
}

// Pictures of bytes as ONNX Runtime and Pillow resize them with antialiasing: axis by axis, the last one first, each result in whole numbers.
ValueId resized_by_axes(NodeContext& c, const Extent& extent, Attrs attrs) {
  std::vector<int64_t> sizes;
  for (const Dim& d : c.type(size_t{0}).dims) sizes.push_back(d.known() ? d.size : -1);
  ValueId x = cast(c, c.in(0), DataType::kF32);
  for (size_t axis = sizes.size(); axis-- > 0;) {
    if (sizes[axis] == extent.sizes[axis]) continue;
    sizes[axis] = extent.sizes[axis];
    attrs["sizes"] = sizes;
    if (!extent.scales.empty()) {
      std::vector<double> scales(sizes.size(), 1.0);
      scales[axis] = extent.scales[axis];
      attrs["scales"] = scales;
    }
    const ValueId y = c.add("resize", {x}, attrs);
    x = c.add("floor", {c.add("add", {y, c.scalar(0.5, y)})});
  }
  return cast(c, x, DataType::kU8);
}

Result<void> resize(NodeContext& c) {
  VERGE_TRY(const Extent extent, extent_of(c));
  std::string coordinate = c.text("coordinate_transformation_mode", "half_pixel");
  Attrs attrs = attrs_of(extent);
  if (coordinate == "tf_crop_and_resize") {
    VERGE_TRY(attrs["crop"], crop_of(c));
    coordinate = "crop";
  }
  attrs["coordinate"] = coordinate;
  attrs["mode"] = c.text("mode", "nearest");
  attrs["nearest_mode"] = c.text("nearest_mode", "round_prefer_floor");
  attrs["antialias"] = c.integer("antialias", 0);
  attrs["exclude_outside"] = c.integer("exclude_outside", 0);
  attrs["cubic_a"] = c.real("cubic_coeff_a", -0.75);
  if (c.type(size_t{0}).dtype == DataType::kU8 && c.integer("antialias", 0) && c.text("mode", "nearest") == "linear" && coordinate != "crop")
    return c.finish(resized_by_axes(c, extent, attrs));
  const ValueId y = c.add("resize", {c.in(0)}, attrs);
  if (coordinate != "crop") return c.finish(y);
  VERGE_TRY(const ValueId filled, extrapolated(c, y, std::get<std::vector<double>>(attrs["crop"])));
  return c.finish(filled);
}

Result<void> blocks(NodeContext& c) {
  const std::string mode = c.text("mode", "DCR");
  if (mode != "DCR" && mode != "CRD") return c.damaged("mode '" + mode + "' is neither DCR nor CRD");
  return c.finish(c.add(c.core(), {c.in(0)}, {{"block", c.integer("blocksize", 0)}, {"mode", std::string(mode == "DCR" ? "dcr" : "crd")}}));
}

constexpr Row kRows[] = {
    {"DepthToSpace", 1, kNewest, blocks, "depth_to_space"},
    {"Resize", 10, 10, resize_by_scales},
    {"Resize", 11, kNewest, resize},
    {"SpaceToDepth", 1, kNewest, blocks, "space_to_depth"},
    {"Upsample", 7, 8, upsample_by_attribute},
    {"Upsample", 9, 9, resize_by_scales},
};

}  // namespace

std::span<const Row> resampling_rows() { return kRows; }

}  // namespace verge::formats::onnx
