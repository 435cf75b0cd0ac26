// Convolutions and pools. One spatial dimension becomes two, the first of size 1; weights become [out, kh, kw, in/groups].
#include "formats/onnx/window.h"

#include <algorithm>
#include <limits>

#include "formats/onnx/shorthand.h"
#include "formats/onnx/spatial.h"
#include "formats/onnx/table.h"
#include "formats/onnx/weights.h"

namespace verge::formats::onnx {
namespace {

constexpr int64_t kMostStep = 1 << 20;  // of strides, dilations, pads: products of them stay in range

// The list of `per_axis` numbers an axis, the axis that a rank-3 tensor lacks filled in front.
std::vector<int64_t> widened(std::vector<int64_t> list, int64_t filler, size_t per_axis) {
  if (list.size() != per_axis) return list;
  if (per_axis == 1) return {filler, list[0]};
  return {filler, list[0], filler, list[1]};
}

Result<std::vector<int64_t>> window_list(NodeContext& c, const char* name, bool line, int64_t filler, size_t per_axis, int64_t least) {
  std::vector<int64_t> list = c.integers(name, std::vector<int64_t>((line ? 1 : 2) * per_axis, filler));
  if (line) list = widened(std::move(list), filler, per_axis);
  if (list.size() != 2 * per_axis) return c.damaged(std::string(name) + " has " + std::to_string(list.size()) + " numbers for its spatial dimensions");
  for (int64_t n : list)
    if (n < least || n > kMostStep) return c.refuse(std::string(name) + " of " + std::to_string(n) + " is not supported");
  return list;
}

const char* core_auto_pad(const std::string& text) {
  if (text == "SAME_UPPER") return "same_upper";
  if (text == "SAME_LOWER") return "same_lower";
  if (text == "VALID") return "valid";
  return text == "NOTSET" || text.empty() ? "" : nullptr;
}

}  // namespace

Result<WindowForm> window_form(NodeContext& c) {
  VERGE_TRY(const int rank, c.rank(0));
  if (rank < 3) return c.damaged("its input " + c.type(size_t{0}).text() + " has no spatial dimension");
  if (rank > 4) return c.refuse("it has " + std::to_string(rank - 2) + " spatial dimensions; so many are not supported");
  WindowForm form;
  form.line = rank == 3;
  VERGE_TRY(form.attrs["strides"], window_list(c, "strides", form.line, 1, 1, 1));
  VERGE_TRY(form.attrs["dilations"], window_list(c, "dilations", form.line, 1, 1, 1));
  const std::string auto_pad = c.text("auto_pad", "NOTSET");
  const char* core = core_auto_pad(auto_pad);
  if (!core) return c.damaged("auto_pad '" + auto_pad + "' is not known");
  if (*core) form.attrs["auto_pad"] = std::string(core);
  else {
    VERGE_TRY(form.attrs["pads"], window_list(c, "pads", form.line, 0, 2, 0));
  }
  return form;
}

ValueId as_plane(NodeContext& c, const WindowForm& form, ValueId x) {
  return form.line ? c.add("reshape", {x}, {{"shape", std::vector<int64_t>{0, 0, 1, -1}}}) : x;
}

ValueId as_source(NodeContext& c, const WindowForm& form, ValueId y) {
  return form.line ? c.add("reshape", {y}, {{"shape", std::vector<int64_t>{0, 0, -1}}}) : y;
}

Result<ValueId> conv_weights(NodeContext& c, ValueId w, const WindowForm& form) {
  const TensorType& type = c.type(w);
  if (!type.is_static()) return c.refuse("the shape of its weights is not known");
  if (type.rank() != (form.line ? 3 : 4)) return c.damaged("its weights are " + type.text() + ", of another rank than its input");
  if (!form.line) return rearranged(c, w, {0, 2, 3, 1});
  const Shape s = type.shape();
  return rearranged(c, w, {0, 2, 1}, {s[0], 1, s[2], s[1]});
}

namespace {

Result<void> check_kernel_shape(NodeContext& c, const TensorType& w) {
  const std::vector<int64_t> kernel = c.integers("kernel_shape");
  if (kernel.empty() || !w.is_static()) return done();
  for (size_t i = 0; i < kernel.size(); ++i)
    if (i + 2 >= w.dims.size() || w.dims[i + 2].size != kernel[i]) return c.damaged("kernel_shape is not that of its weights " + w.text());
  return done();
}

// Three spatial dimensions.
Result<void> conv_of_volume(NodeContext& c) {
  VERGE_TRY(const Shape x, known_shape(c, c.in(0), "input"));
  VERGE_TRY(const ValueId weights, c.fixed(1, "weights"));
  VERGE_TRY(const ValueId bias, c.fixed(2, "bias"));
  VERGE_TRY(const Shape w, known_shape(c, weights, "weights"));
  VERGE_TRY(const SpatialForm form, spatial_form(c, x, {w.dim + 2, w.dim + w.rank}));
  VERGE_TRY(const ValueId y, volume_conv(c, c.in(0), weights, bias, form, c.integer("group", 1)));
  return c.finish(y);
}

Result<void> conv(NodeContext& c) {
  if (c.type(size_t{0}).rank() == 5) return conv_of_volume(c);
  VERGE_TRY(WindowForm form, window_form(c));
  VERGE_CHECK(check_kernel_shape(c, c.type(1)));
  form.attrs["groups"] = c.integer("group", 1);
  VERGE_TRY(const ValueId weights, c.fixed(1, "weights"));
  VERGE_TRY(const ValueId bias, c.fixed(2, "bias"));
  VERGE_TRY(const ValueId w, conv_weights(c, weights, form));
  return c.finish(as_source(c, form, c.add("conv", {as_plane(c, form, c.in(0)), w, bias}, form.attrs)));
}

}  // namespace

Result<WindowForm> pool_form(NodeContext& c) {
  VERGE_TRY(WindowForm form, window_form(c));
  if (!c.has_attr("kernel_shape")) return c.damaged("kernel_shape is absent");
  VERGE_TRY(form.attrs["kernel"], window_list(c, "kernel_shape", form.line, 1, 1, 1));
  form.attrs["ceil_mode"] = c.integer("ceil_mode", 0);
  return form;
}

namespace {

Result<void> pool_of_volume(NodeContext& c) {
  VERGE_TRY(const Shape x, known_shape(c, c.in(0), "input"));
  VERGE_TRY(const SpatialForm form, pool_spatial_form(c, x));
  VERGE_TRY(const ValueId y, volume_pool(c, c.core(), c.in(0), form, c.integer("count_include_pad", 0) != 0));
  return c.finish(y);
}

Result<void> pool(NodeContext& c) {
  if (c.type(size_t{0}).rank() == 5) return pool_of_volume(c);
  VERGE_TRY(WindowForm form, pool_form(c));
  if (std::string(c.core()) == "avg_pool") form.attrs["count_include_pad"] = c.integer("count_include_pad", 0);
  return c.finish(as_source(c, form, c.add(c.core(), {as_plane(c, form, c.in(0))}, form.attrs)));
}

// What each window of [h, w] sees, one row a window: places in the padded image, and in the image itself as the output of indices counts them.
struct WindowPlaces {
  std::vector<int64_t> padded, source;
};

WindowPlaces window_places(const Shape& x, const SpatialForm& form, int64_t padded_width, bool columns_first) {
  WindowPlaces out;
  const int64_t h = x[2], w = x[3];
  for (int64_t p = 0; p < form.out[0] * form.out[1]; ++p)
    for (int64_t t = 0; t < form.kernel[0] * form.kernel[1]; ++t) {
      const int64_t row = p / form.out[1] * form.strides[0] + t / form.kernel[1] * form.dilations[0], column = p % form.out[1] * form.strides[1] + t % form.kernel[1] * form.dilations[1];
      out.padded.push_back(row * padded_width + column);
      const int64_t y = row - form.begin[0], z = column - form.begin[1];
      out.source.push_back(columns_first ? y + z * h : y * w + z);
    }
  return out;
}

// With the places of the greatest elements: windows as rows, the place of the greatest of each row, where that lies in the input.
Result<void> max_pool_with_places(NodeContext& c) {
  const int rank = c.type(size_t{0}).rank();
  if (rank != 3 && rank != 4) return c.refuse("its output of indices is supported for one and two spatial dimensions");
  const ValueId x = rank == 3 ? shaped(c, c.in(0), {0, 0, 1, -1}) : c.in(0);
  VERGE_TRY(const Shape source, known_shape(c, c.in(0), "input"));
  VERGE_TRY(SpatialForm form, pool_spatial_form(c, source));
  const std::vector<int64_t> out = form.out;
  if (rank == 3)
    for (const auto& [list, filler] : {std::pair{&form.kernel, 1}, {&form.strides, 1}, {&form.dilations, 1}, {&form.begin, 0}, {&form.end, 0}, {&form.out, 1}}) list->insert(list->begin(), filler);
  VERGE_TRY(const Shape shape, known_shape(c, x, "input"));
  const double lowest = is_float(c.type(x).dtype) ? -std::numeric_limits<double>::infinity() : c.type(x).dtype == DataType::kU8 ? 0 : -128;
  const ValueId padded = padded_to_windows(c, x, shape, form, lowest);
  VERGE_TRY(const Shape wide, known_shape(c, padded, "input"));
  const int64_t images = int64_t{shape[0]} * shape[1], windows = form.out[0] * form.out[1], taps = form.kernel[0] * form.kernel[1];
  if (windows * taps > (1 << 26)) return c.refuse("its windows are too many");
  VERGE_CHECK(c.reserve(2.0 * static_cast<double>(windows * taps)));
  const WindowPlaces places = window_places(shape, form, wide[3], c.integer("storage_order", 0) != 0);
  const Shape table{static_cast<int32_t>(windows), static_cast<int32_t>(taps)};
  const ValueId rows = c.add("gather", {shaped(c, padded, {images, -1}), integers(c, places.padded, table)}, {{"axis", int64_t{1}}});
  const ValueId tap = c.add("arg_max", {rows}, {{"axis", int64_t{2}}, {"keepdims", int64_t{0}}, {"select_last_index", int64_t{0}}});
  std::vector<int64_t> row_begin, image_begin;
  for (int64_t p = 0; p < windows; ++p) row_begin.push_back(p * taps);
  for (int64_t i = 0; i < images; ++i) image_begin.push_back(i * shape[2] * shape[3]);
  const ValueId entry = c.add("add", {tap, integers(c, row_begin, {static_cast<int32_t>(windows)})});
  const ValueId place = c.add("gather", {integers(c, places.source, {static_cast<int32_t>(windows * taps)}), entry}, {{"axis", int64_t{0}}});
  const ValueId everywhere = c.add("add", {place, integers(c, image_begin, {static_cast<int32_t>(images), 1})});
  std::vector<int64_t> result = {shape[0], shape[1]};
  result.insert(result.end(), out.begin(), out.end());
  VERGE_CHECK(c.finish(shaped(c, everywhere, result), 1));
  return c.finish(shaped(c, reduced(c, "reduce_max", rows, {2}, false), result));
}

Result<void> max_pool(NodeContext& c) { return c.wants(1) ? max_pool_with_places(c) : pool(c); }

// (sum of |x|^p over the window)^(1/p): means of windows that all lie within the padded input.
Result<void> lp_pool(NodeContext& c) {
  const auto p = static_cast<double>(c.integer("p", 2));
  if (p < 1) return c.damaged("p = " + std::to_string(c.integer("p", 2)));
  VERGE_TRY(const Shape shape, known_shape(c, c.in(0), "input"));
  VERGE_TRY(SpatialForm form, pool_spatial_form(c, shape));
  const ValueId size = c.add("abs", {c.in(0)}), power = p == 1 ? size : p == 2 ? c.add("square", {size}) : c.add("pow", {size, c.scalar(p, size)});
  const ValueId padded = padded_to_windows(c, power, shape, form, 0);
  double cells = 1;
  for (size_t d = 0; d < form.axes(); ++d) cells *= static_cast<double>(form.kernel[d]), form.begin[d] = form.end[d] = 0;
  ValueId mean;
  if (shape.rank == 5) {
    VERGE_TRY(mean, volume_pool(c, "avg_pool", padded, form, true));
  } else {
    if (shape.rank > 5) return c.refuse("it has more than three spatial dimensions");
    WindowForm window;
    window.line = shape.rank == 3;
    const auto pair = [&](const std::vector<int64_t>& list) { return window.line ? std::vector<int64_t>{1, list[0]} : list; };
    window.attrs = {{"kernel", pair(form.kernel)}, {"strides", pair(form.strides)}, {"dilations", pair(form.dilations)}, {"pads", std::vector<int64_t>(4, 0)}, {"count_include_pad", int64_t{1}}};
    mean = as_source(c, window, c.add("avg_pool", {as_plane(c, window, padded)}, window.attrs));
  }
  const ValueId sum = c.add("mul", {mean, c.scalar(cells, mean)});
  return c.finish(p == 1 ? sum : p == 2 ? c.add("sqrt", {sum}) : c.add("pow", {sum, c.scalar(1 / p, sum)}));
}

// All spatial dimensions at once: a reduction that keeps them as size 1.
Result<void> global_pool(NodeContext& c) {
  VERGE_TRY(const int rank, c.rank(0));
  if (rank < 3) return c.damaged("its input " + c.type(size_t{0}).text() + " has no spatial dimension");
  std::vector<int64_t> axes;
  for (int i = 2; i < rank; ++i) axes.push_back(i);
  return c.finish(c.add(c.core(), {c.in(0)}, {{"axes", axes}, {"keepdims", int64_t{1}}}));
}

Result<void> global_lp_pool(NodeContext& c) {
  if (const int64_t p = c.integer("p", 2); p != 2) return c.refuse("p = " + std::to_string(p) + " is not supported; 2 is");
  return global_pool(c);
}

constexpr Row kRows[] = {
    {"AveragePool", 1, kNewest, pool, "avg_pool"},
    {"Conv", 1, kNewest, conv},
    {"GlobalAveragePool", 1, kNewest, global_pool, "reduce_mean"},
    {"GlobalLpPool", 2, kNewest, global_lp_pool, "reduce_l2"},
    {"GlobalMaxPool", 1, kNewest, global_pool, "reduce_max"},
    {"LpPool", 2, kNewest, lp_pool},
    {"MaxPool", 1, kNewest, max_pool, "max_pool"},
};

}  // namespace

std::span<const Row> window_rows() { return kRows; }

}  // namespace verge::formats::onnx
