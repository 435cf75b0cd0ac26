#include "ops/spatial.h"

#include <algorithm>

#include "core/text.h"

namespace verge::ops {
namespace {

constexpr int64_t kMostSize = 1 << 14;  // of a kernel, stride, dilation or padding

Result<std::array<int32_t, 2>> pair_of(const Node& node, const std::string& attr) {
  const std::vector<int64_t> given = node.integers(attr, {1, 1});
  if (given.size() != 2) return invalid(attr + " " + bracketed(given) + " wants two numbers, height and width");
  for (int64_t v : given)
    if (v < 1 || v > kMostSize) return invalid(attr + " " + bracketed(given) + " wants numbers from 1 to " + std::to_string(kMostSize));
  return std::array<int32_t, 2>{static_cast<int32_t>(given[0]), static_cast<int32_t>(given[1])};
}

Result<std::array<int32_t, 4>> pads_of(const Node& node) {
  const std::vector<int64_t> given = node.integers("pads", {0, 0, 0, 0});
  if (given.size() != 4) return invalid("pads " + bracketed(given) + " wants four numbers: top, left, bottom, right");
  std::array<int32_t, 4> pads{};
  for (size_t i = 0; i < 4; ++i) {
    if (given[i] < 0 || given[i] > kMostSize) return invalid("pads " + bracketed(given) + " wants numbers from 0 to " + std::to_string(kMostSize));
    pads[i] = static_cast<int32_t>(given[i]);
  }
  return pads;
}

Result<WindowAxis::Pad> auto_pad_of(const Node& node) {
  const std::string mode = node.text("auto_pad", "valid");
  if (mode == "same_upper") return WindowAxis::Pad::kSameUpper;
  if (mode == "same_lower") return WindowAxis::Pad::kSameLower;
  if (mode == "valid") return WindowAxis::Pad::kGiven;
  return invalid("auto_pad '" + mode + "' wants same_upper, same_lower or valid");
}

Result<Dim> output_dim(const WindowAxis& axis, const Dim& in, const char* name) {
  const bool same = axis.pad != WindowAxis::Pad::kGiven;
  if (axis.stride == 1 && (same || axis.begin + axis.end == axis.reach() - 1)) return in;
  if (!in.known()) return Dim();
  const int64_t out = extent(axis, in.size).out;
  if (out < 1)
    return invalid("a window of " + std::to_string(axis.reach()) + " does not fit the input's " + name + " of " + std::to_string(in.size) + " with padding " +
                   std::to_string(axis.begin) + " and " + std::to_string(axis.end));
  return Dim(out);
}

}  // namespace

Result<Axes> axes_of(const Node& node) {
  const std::string layout = node.text("layout", "nchw");
  if (layout == "nchw") return Axes{0, 2, 3, 1};
  if (layout == "nhwc") return Axes{0, 1, 2, 3};
  return invalid("layout '" + layout + "' wants nchw or nhwc");
}

WindowExtent extent(const WindowAxis& axis, int64_t in) {
  if (axis.pad != WindowAxis::Pad::kGiven) {
    const int64_t out = (in + axis.stride - 1) / axis.stride;
    const int64_t pad = std::max<int64_t>((out - 1) * axis.stride + axis.reach() - in, 0);
    return {out, axis.pad == WindowAxis::Pad::kSameUpper ? pad / 2 : pad - pad / 2};
  }
  const int64_t room = in + axis.begin + axis.end - axis.reach();
  if (room < 0) return {0, axis.begin};
  int64_t out = (room + (axis.ceil ? axis.stride - 1 : 0)) / axis.stride + 1;
  if (axis.ceil && (out - 1) * axis.stride >= in + axis.begin) --out;
  return {out, axis.begin};
}

Result<Window> window_of(const Node& node, int64_t kernel_h, int64_t kernel_w) {
  if (kernel_h < 1 || kernel_w < 1 || kernel_h > kMostSize || kernel_w > kMostSize)
    return invalid("a kernel of " + std::to_string(kernel_h) + "x" + std::to_string(kernel_w) + " wants sizes from 1 to " + std::to_string(kMostSize));
  VERGE_TRY(const auto strides, pair_of(node, "strides"));
  VERGE_TRY(const auto dilations, pair_of(node, "dilations"));
  VERGE_TRY(const auto pads, pads_of(node));
  VERGE_TRY(const WindowAxis::Pad pad, auto_pad_of(node));
  const bool ceil = node.integer("ceil_mode") != 0;
  return Window{{static_cast<int32_t>(kernel_h), strides[0], dilations[0], pad, pads[0], pads[2], ceil},
                {static_cast<int32_t>(kernel_w), strides[1], dilations[1], pad, pads[1], pads[3], ceil}};
}

Result<std::vector<Dim>> window_dims(const Window& window, const Axes& axes, const std::vector<Dim>& x, const Dim& channels) {
  std::vector<Dim> y(4);
  y[axes.n] = x[axes.n];
  y[axes.c] = channels;
  VERGE_TRY(y[axes.h], output_dim(window.h, x[axes.h], "height"));
  VERGE_TRY(y[axes.w], output_dim(window.w, x[axes.w], "width"));
  return y;
}

ConvGeometry geometry_of(const Window& window, const Axes& axes, const Shape& x, const Shape& y, int32_t groups) {
  return {.batch = x[axes.n], .in_h = x[axes.h], .in_w = x[axes.w], .in_c = x[axes.c], .out_h = y[axes.h], .out_w = y[axes.w], .out_c = y[axes.c],
          .kernel_h = window.h.kernel, .kernel_w = window.w.kernel, .stride_h = window.h.stride, .stride_w = window.w.stride,
          .dilation_h = window.h.dilation, .dilation_w = window.w.dilation,
          .pad_top = static_cast<int32_t>(extent(window.h, x[axes.h]).begin), .pad_left = static_cast<int32_t>(extent(window.w, x[axes.w]).begin),
          .groups = groups};
}

exec::WindowAttrs window_attrs(const ConvGeometry& g) {
  return {g.kernel_h, g.kernel_w, g.stride_h, g.stride_w, g.dilation_h, g.dilation_w, g.pad_top, g.pad_left};
}

Strides4::Strides4(const Axes& axes, const Shape& shape)
    : n(shape.count(axes.n + 1, 4)), h(shape.count(axes.h + 1, 4)), w(shape.count(axes.w + 1, 4)), c(shape.count(axes.c + 1, 4)) {}

Result<void> require_nhwc(const Node& node) {
  if (node.text("layout", "nchw") != "nhwc") return internal("reached lowering in layout nchw; the layout pass must run before");
  return done();
}

}  // namespace verge::ops
