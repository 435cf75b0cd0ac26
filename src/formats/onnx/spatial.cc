#include "formats/onnx/spatial.h"

#include <algorithm>

#include "formats/onnx/shorthand.h"
#include "formats/onnx/window.h"

namespace verge::formats::onnx {
namespace {

constexpr int64_t kMostStep = 1 << 20;

// The windows along one dimension; with `ceil` a last one counts that reaches beyond the padding, if it starts inside.
int64_t windows(int64_t in, int64_t begin, int64_t end, int64_t reach, int64_t stride, bool ceil) {
  const int64_t room = in + begin + end - reach;
  if (room < 0 && !(ceil && room + stride > 0)) return 0;
  int64_t out = (room + (ceil ? stride - 1 : 0)) / stride + 1;
  if (ceil && (out - 1) * stride >= in + begin) --out;
  return out;
}

Result<void> pad_as_same(NodeContext& c, const Shape& x, SpatialForm& form, const std::string& auto_pad) {
  for (size_t d = 0; d < form.axes(); ++d) {
    const int64_t in = x[static_cast<int>(d) + 2], total = std::max<int64_t>(0, ((in + form.strides[d] - 1) / form.strides[d] - 1) * form.strides[d] + form.reach(d) - in);
    if (auto_pad == "SAME_UPPER") form.begin[d] = total / 2;
    else if (auto_pad == "SAME_LOWER") form.begin[d] = total - total / 2;
    else if (auto_pad != "VALID") return c.damaged("auto_pad '" + auto_pad + "' is not known");
    form.end[d] = auto_pad == "VALID" ? 0 : total - form.begin[d];
  }
  return done();
}

}  // namespace

Result<std::vector<int64_t>> spatial_list(NodeContext& c, const char* name, size_t axes, size_t per_axis, int64_t filler, int64_t least) {
  const std::vector<int64_t> list = c.integers(name, std::vector<int64_t>(axes * per_axis, filler));
  if (list.size() != axes * per_axis) return c.damaged(std::string(name) + " has " + std::to_string(list.size()) + " numbers for its spatial dimensions");
  for (const int64_t n : list)
    if (n < least || n > kMostStep) return c.refuse(std::string(name) + " of " + std::to_string(n) + " is not supported");
  return list;
}

Result<SpatialForm> spatial_form(NodeContext& c, const Shape& x, std::vector<int64_t> kernel) {
  SpatialForm form;
  const size_t n = kernel.size();
  if (x.rank < 3 || n != static_cast<size_t>(x.rank) - 2) return c.damaged("its window has " + std::to_string(n) + " sides for " + c.type(size_t{0}).text());
  for (const int64_t side : kernel)
    if (side < 1 || side > kMostStep) return c.refuse("a window of " + std::to_string(side) + " is not supported");
  form.kernel = std::move(kernel);
  VERGE_TRY(form.strides, spatial_list(c, "strides", n, 1, 1, 1));
  VERGE_TRY(form.dilations, spatial_list(c, "dilations", n, 1, 1, 1));
  VERGE_TRY(const std::vector<int64_t> pads, spatial_list(c, "pads", n, 2, 0, 0));
  form.begin.assign(pads.begin(), pads.begin() + static_cast<int64_t>(n));
  form.end.assign(pads.begin() + static_cast<int64_t>(n), pads.end());
  const std::string auto_pad = c.text("auto_pad", "NOTSET");
  if (auto_pad != "NOTSET" && !auto_pad.empty()) VERGE_CHECK(pad_as_same(c, x, form, auto_pad));
  for (size_t d = 0; d < n; ++d) {
    form.out.push_back(windows(x[static_cast<int>(d) + 2], form.begin[d], form.end[d], form.reach(d), form.strides[d], c.integer("ceil_mode", 0) != 0));
    if (form.out.back() < 1) return c.damaged("its window does not fit into " + c.type(size_t{0}).text());
  }
  return form;
}

Result<SpatialForm> pool_spatial_form(NodeContext& c, const Shape& x) {
  if (!c.has_attr("kernel_shape")) return c.damaged("kernel_shape is absent");
  return spatial_form(c, x, c.integers("kernel_shape"));
}

ValueId padded_to_windows(NodeContext& c, ValueId x, const Shape& shape, const SpatialForm& form, double value) {
  std::vector<int64_t> pads(2 * static_cast<size_t>(shape.rank), 0);
  for (size_t d = 0; d < form.axes(); ++d) {
    const int64_t in = shape[static_cast<int>(d) + 2], needed = (form.out[d] - 1) * form.strides[d] + form.reach(d) - form.begin[d] - in;
    pads[d + 2] = form.begin[d];
    pads[static_cast<size_t>(shape.rank) + d + 2] = std::max({int64_t{0}, needed, form.end[d]});
  }
  return c.add("pad", {x}, {{"mode", std::string("constant")}, {"pads", pads}, {"value", value}});
}

namespace {

using List = std::vector<int64_t>;

// Attributes of the window over two of its dimensions; a side of 1 where `second` is none.
Attrs plane_attrs(const SpatialForm& form, size_t first, size_t second) {
  const auto pair = [&](const List& list, int64_t filler) { return second < form.axes() ? List{list[first], list[second]} : List{list[first], filler}; };
  const List begin = pair(form.begin, 0), end = pair(form.end, 0);
  return {{"strides", pair(form.strides, 1)}, {"dilations", pair(form.dilations, 1)}, {"pads", List{begin[0], begin[1], end[0], end[1]}}};
}

}  // namespace

Result<ValueId> volume_conv(NodeContext& c, ValueId x, ValueId w, ValueId bias, const SpatialForm& form, int64_t groups) {
  VERGE_TRY(const Shape shape, known_shape(c, x, "input"));
  VERGE_TRY(const Shape weights, known_shape(c, w, "weights"));
  if (shape.rank != 5 || weights.rank != 5 || groups < 1 || int64_t{weights[1]} * groups != shape[1]) return c.damaged("its weights " + c.type(w).text() + " do not fit " + c.type(x).text());
  const int64_t depth = form.out[0], taps = form.kernel[0], channels = shape[1];
  const List pads = {0, 0, form.begin[0], 0, 0, 0, 0, form.end[0], 0, 0};
  const ValueId deep = c.add("pad", {x}, {{"mode", std::string("constant")}, {"pads", pads}, {"value", 0.0}});
  std::vector<ValueId> slices;  // what each tap of the depth sees, as one more dimension behind the channels
  for (int64_t k = 0; k < taps; ++k) {
    const int64_t first = k * form.dilations[0];
    slices.push_back(shaped(c, sliced(c, deep, 2, first, first + (depth - 1) * form.strides[0] + 1, form.strides[0]), {shape[0], channels, 1, depth, shape[3], shape[4]}));
  }
  const ValueId stacked = transposed(c, concatenated(c, slices, 2), {0, 3, 1, 2, 4, 5});
  const ValueId planes = shaped(c, stacked, {shape[0] * depth, channels * taps, shape[3], shape[4]});
  VERGE_TRY(const ValueId kernel, conv_weights(c, shaped(c, w, {weights[0], int64_t{weights[1]} * taps, weights[3], weights[4]}), WindowForm{}));
  Attrs attrs = plane_attrs(form, 1, 2);
  attrs["groups"] = groups;
  const ValueId y = c.add("conv", {planes, kernel, bias}, attrs);
  return transposed(c, shaped(c, y, {shape[0], depth, weights[0], form.out[1], form.out[2]}), {0, 2, 1, 3, 4});
}

Result<ValueId> volume_pool(NodeContext& c, const char* op, ValueId x, const SpatialForm& form, bool count_include_pad) {
  VERGE_TRY(const Shape shape, known_shape(c, x, "input"));
  const auto pooled = [&](ValueId planes, size_t first, size_t second) {
    Attrs attrs = plane_attrs(form, first, second);
    attrs["kernel"] = second < form.axes() ? List{form.kernel[first], form.kernel[second]} : List{form.kernel[first], 1};
    attrs["ceil_mode"] = c.integer("ceil_mode", 0);
    if (std::string(op) == "avg_pool") attrs["count_include_pad"] = int64_t{count_include_pad};
    return c.add(op, {planes}, attrs);
  };
  const ValueId flat = pooled(shaped(c, x, {shape[0], int64_t{shape[1]} * shape[2], shape[3], shape[4]}), 1, 2);
  const ValueId deep = pooled(shaped(c, flat, {shape[0], shape[1], shape[2], form.out[1] * form.out[2]}), 0, form.axes());
  return shaped(c, deep, {shape[0], shape[1], form.out[0], form.out[1], form.out[2]});
}

}  // namespace verge::formats::onnx
