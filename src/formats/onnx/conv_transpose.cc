// Transposed convolutions, and columns added up into images.
#include <algorithm>
#include <limits>

#include "formats/onnx/shorthand.h"
#include "formats/onnx/spatial.h"
#include "formats/onnx/table.h"
#include "formats/onnx/weights.h"
#include "formats/onnx/window.h"

namespace verge::formats::onnx {
namespace {

using List = std::vector<int64_t>;

struct Axis {
  int64_t in = 1, kernel = 1, stride = 1, dilation = 1;
  int64_t begin = 0, end = 0;  // elements that padding takes from the result; where `end` is negative the result is longer
  int64_t out = 1;

  int64_t reach() const { return (kernel - 1) * dilation + 1; }
};

// Sizes and padding, which may follow from auto_pad or from an output shape that is asked for; some exporters put batch and channels in front of that.
Result<std::vector<Axis>> axes_of(NodeContext& c, const TensorType& x, const Shape& w) {
  const size_t n = static_cast<size_t>(w.rank) - 2;
  VERGE_TRY(const List strides, spatial_list(c, "strides", n, 1, 1, 1));
  VERGE_TRY(const List dilations, spatial_list(c, "dilations", n, 1, 1, 1));
  VERGE_TRY(const List more, spatial_list(c, "output_padding", n, 1, 0, 0));
  VERGE_TRY(const List pads, spatial_list(c, "pads", n, 2, 0, 0));
  List wanted = c.integers("output_shape");
  const std::string auto_pad = c.text("auto_pad", "NOTSET");
  const bool same = auto_pad == "SAME_UPPER" || auto_pad == "SAME_LOWER";
  if (!same && auto_pad != "NOTSET" && auto_pad != "VALID" && !auto_pad.empty()) return c.damaged("auto_pad '" + auto_pad + "' is not known");
  if (!wanted.empty() && wanted.size() < n) return c.damaged("output_shape has too few numbers");
  if (!wanted.empty()) wanted.erase(wanted.begin(), wanted.end() - static_cast<int64_t>(n));
  std::vector<Axis> axes(n);
  for (size_t d = 0; d < n; ++d) {
    Axis& a = axes[d];
    if (!x.dims[d + 2].known()) return c.refuse("its spatial size " + x.text() + " is not known", kFixShapes);
    a.in = x.dims[d + 2].size;
    a.kernel = w[static_cast<int>(d) + 2];
    a.stride = strides[d];
    a.dilation = dilations[d];
    const int64_t full = a.stride * (a.in - 1) + more[d] + a.reach();
    const bool given = wanted.empty() && !same;
    a.out = !wanted.empty() ? wanted[d] : same ? a.in * a.stride : full - (auto_pad == "VALID" ? 0 : pads[d] + pads[n + d]);
    const int64_t total = std::max<int64_t>(0, full - a.out);
    a.begin = given ? (auto_pad == "VALID" ? 0 : pads[d]) : auto_pad == "SAME_UPPER" ? total / 2 : total - total / 2;
    a.end = full - more[d] - a.begin - a.out;
    if (a.in < 1 || a.kernel < 1 || a.out < 1 || a.out > (1 << 24)) return c.damaged("its output would have a side of " + std::to_string(a.out));
  }
  return axes;
}

// [in, out / groups, k...] becomes [out, kh, kw, in / groups]: the two channel dimensions change places inside each group.
Result<ValueId> turned_channels(NodeContext& c, ValueId w, const Shape& s, int64_t groups) {
  const int64_t kh = s.rank == 3 ? 1 : s[2], kw = s.back(0), in = s[0], out = s[1];
  if (groups == 1) return rearranged(c, w, s.rank == 3 ? std::vector<int>{1, 2, 0} : std::vector<int>{1, 2, 3, 0}, {out, kh, kw, in});
  if (c.type(w).quant.per_channel()) return c.refuse("its weights are grouped and quantised per channel", "export it with float weights or without groups");
  return shaped(c, transposed(c, shaped(c, w, {groups, in / groups, out, kh, kw}), {0, 2, 3, 4, 1}), {groups * out, kh, kw, in / groups});
}

Result<ValueId> plane(NodeContext& c, ValueId weights, ValueId bias, int64_t groups, const Shape& shape, const std::vector<Axis>& axes) {
  WindowForm form;
  form.line = shape.rank == 3;
  const Axis h = form.line ? Axis{} : axes[0], w = axes.back();
  form.attrs = {{"strides", List{h.stride, w.stride}},
                {"dilations", List{h.dilation, w.dilation}},
                {"pads", List{h.begin, w.begin, std::max<int64_t>(h.end, 0), std::max<int64_t>(w.end, 0)}},
                {"output_padding", List{std::max<int64_t>(-h.end, 0), std::max<int64_t>(-w.end, 0)}},
                {"groups", groups}};
  VERGE_TRY(const ValueId kernel, turned_channels(c, weights, shape, groups));
  return as_source(c, form, c.add("conv_transpose", {as_plane(c, form, c.in(0)), kernel, bias}, form.attrs));
}

ValueId cropped(NodeContext& c, ValueId y, int64_t axis, const Axis& a, int64_t have) {
  return a.begin == 0 && a.out == have ? y : sliced(c, y, axis, a.begin, a.begin + a.out);
}

// x [n, c, d, h, w] with stride - 1 zeros between neighbours along `axis`.
ValueId spread_out(NodeContext& c, ValueId x, Shape& shape, int axis, int64_t stride) {
  if (stride == 1) return x;
  List split(shape.dim, shape.dim + shape.rank), pads(2 * static_cast<size_t>(shape.rank) + 2, 0);
  split.insert(split.begin() + axis + 1, 1);
  pads[static_cast<size_t>(shape.rank) + 1 + static_cast<size_t>(axis) + 1] = stride - 1;
  const ValueId wide = c.add("pad", {shaped(c, x, split)}, {{"mode", std::string("constant")}, {"pads", pads}, {"value", 0.0}});
  shape[axis] = static_cast<int32_t>(shape[axis] * stride);
  const ValueId y = shaped(c, wide, {shape.dim, shape.dim + shape.rank});
  shape[axis] -= static_cast<int32_t>(stride - 1);
  return sliced(c, y, axis, 0, shape[axis]);
}

// [in, out / groups, kd, kh, kw] as the weights [out, in / groups, ...] of a convolution, turned round.
ValueId turned_weights(NodeContext& c, ValueId w, const Shape& s, int64_t groups) {
  ValueId y = shaped(c, w, {groups, s[0] / groups, s[1], s[2], s[3], s[4]});
  for (int axis = 3; axis < 6; ++axis) y = sliced(c, y, axis, -1, std::numeric_limits<int32_t>::min(), -1);
  return shaped(c, transposed(c, y, {0, 2, 1, 3, 4, 5}), {groups * s[1], s[0] / groups, s[2], s[3], s[4]});
}

// Three spatial dimensions: a convolution over the input with zeros between its elements.
Result<ValueId> volume(NodeContext& c, ValueId x, ValueId weights, ValueId bias, int64_t groups, const Shape& w, const std::vector<Axis>& axes) {
  VERGE_TRY(Shape shape, known_shape(c, x, "input"));
  SpatialForm form;
  for (size_t d = 0; d < 3; ++d) {
    x = spread_out(c, x, shape, static_cast<int>(d) + 2, axes[d].stride);
    form.kernel.push_back(axes[d].kernel);
    form.strides.push_back(1);
    form.dilations.push_back(axes[d].dilation);
    form.begin.push_back(axes[d].reach() - 1);
    form.out.push_back(std::max(axes[d].begin + axes[d].out, shape[static_cast<int>(d) + 2] + axes[d].reach() - 1));
    form.end.push_back(form.out[d] - shape[static_cast<int>(d) + 2]);
  }
  VERGE_TRY(ValueId y, volume_conv(c, x, turned_weights(c, weights, w, groups), bias, form, groups));
  for (size_t d = 0; d < 3; ++d) y = cropped(c, y, static_cast<int64_t>(d) + 2, axes[d], form.out[d]);
  return y;
}

Result<void> conv_transpose(NodeContext& c) {
  VERGE_TRY(const ValueId weights, c.fixed(1, "weights"));
  VERGE_TRY(const ValueId bias, c.fixed(2, "bias"));
  VERGE_TRY(const Shape w, known_shape(c, weights, "weights"));
  const TensorType x = c.type(size_t{0});
  if (!x.ranked || x.rank() != w.rank || w.rank < 3 || w.rank > 5) return c.refuse("its input " + x.text() + " and weights " + c.type(weights).text() + " are not of rank 3 to 5");
  const int64_t groups = c.integer("group", 1);
  if (groups < 1 || w[0] % groups != 0 || (x.dims[1].known() && x.dims[1].size != w[0])) return c.damaged("its weights " + c.type(weights).text() + " in " + std::to_string(groups) + " groups do not fit " + x.text());
  VERGE_TRY(const std::vector<Axis> axes, axes_of(c, x, w));
  VERGE_TRY(const ValueId y, w.rank == 5 ? volume(c, c.in(0), weights, bias, groups, w, axes) : plane(c, weights, bias, groups, w, axes));
  return c.finish(y);
}

// Columns [n, channels * block, windows] added up into images.
Result<void> col2im(NodeContext& c) {
  VERGE_TRY(const Shape x, known_shape(c, c.in(0), "input"));
  VERGE_TRY(const List image, c.ints(1, "image_shape"));
  VERGE_TRY(const List block, c.ints(2, "block_shape"));
  const auto n = static_cast<int>(image.size());
  if (x.rank != 3 || n < 1 || n > 4) return c.damaged("its input " + c.type(size_t{0}).text() + " wants rank 3");
  Shape canvas;
  canvas.rank = n + 2;
  canvas[0] = canvas[1] = 1;
  int64_t taps = 1, count = 1;
  for (int d = 0; d < n; ++d) {
    if (image[d] < 1 || image[d] > (1 << 24) || d >= static_cast<int>(block.size()) || block[d] < 1 || block[d] > (1 << 20)) return c.damaged("image_shape or block_shape is not usable");
    canvas[d + 2] = static_cast<int32_t>(image[d]);
    taps *= block[d];
    count *= image[d];
  }
  VERGE_TRY(const SpatialForm form, spatial_form(c, canvas, block));
  int64_t windows = 1;
  for (const int64_t out : form.out) windows *= out;
  if (x[1] % taps != 0 || x[2] != windows || taps * windows > (1 << 26)) return c.damaged("its input " + c.type(size_t{0}).text() + " does not hold " + std::to_string(windows) + " windows");
  VERGE_CHECK(c.reserve(static_cast<double>(taps * windows)));
  std::vector<int64_t> places;  // of each tap and window in the image; one behind it for padding
  for (int64_t t = 0; t < taps; ++t)
    for (int64_t p = 0; p < windows; ++p) {
      int64_t at = 0, step = 1, tap = t, window = p;
      for (int d = n - 1; d >= 0; --d) {
        const int64_t place = window % form.out[d] * form.strides[d] - form.begin[d] + tap % form.kernel[d] * form.dilations[d];
        at = at < 0 || place < 0 || place >= image[d] ? -1 : at + place * step;
        step *= image[d];
        window /= form.out[d];
        tap /= form.kernel[d];
      }
      places.push_back(at < 0 ? count : at);
    }
  const int64_t images = x[0] * (x[1] / taps);
  const ValueId columns = shaped(c, c.in(0), {images, taps * windows}), zeros = expanded(c, c.scalar(0, c.in(0)), {images, count + 1});
  const ValueId where = expanded(c, integers(c, places, {1, static_cast<int32_t>(places.size())}), {images, taps * windows});
  const ValueId sums = c.add("scatter_elements", {zeros, where, columns}, {{"axis", int64_t{1}}, {"reduction", std::string("add")}});
  List shape = {x[0], x[1] / taps};
  shape.insert(shape.end(), image.begin(), image.end());
  return c.finish(shaped(c, sliced(c, sums, 1, 0, count), shape));
}

constexpr Row kRows[] = {
    {"Col2Im", 18, kNewest, col2im},
    {"ConvTranspose", 1, kNewest, conv_transpose},
};

}  // namespace

std::span<const Row> conv_transpose_rows() { return kRows; }

}  // namespace verge::formats::onnx
