// Values of images at points that come from data: grids, rectangles, offsets.
#include "formats/onnx/shorthand.h"
#include "formats/onnx/table.h"
#include "formats/onnx/window.h"

namespace verge::formats::onnx {
namespace {

// Opset 16 says bilinear and bicubic, opset 20 linear and cubic.
Result<void> grid_sample(NodeContext& c) {
  std::string mode = c.text("mode", "linear");
  if (mode == "bilinear") mode = "linear";
  if (mode == "bicubic") mode = "cubic";
  const Attrs attrs = {{"mode", mode}, {"padding", c.text("padding_mode", "zeros")}, {"align_corners", c.integer("align_corners", 0)}};
  return c.finish(c.add("grid_sample", {c.in(0), c.in(1)}, attrs));
}

Result<void> roi_align(NodeContext& c) {
  const std::string transform = c.text("coordinate_transformation_mode", c.opset() < 16 ? "output_half_pixel" : "half_pixel");
  if (transform != "half_pixel" && transform != "output_half_pixel") return c.damaged("coordinate_transformation_mode '" + transform + "' is not known");
  const Attrs attrs = {{"mode", c.text("mode", "avg")},
                       {"samples", c.integer("sampling_ratio", 0)},
                       {"scale", c.real("spatial_scale", 1)},
                       {"half_pixel", int64_t{transform == "half_pixel"}},
                       {"cells", std::vector<int64_t>{c.integer("output_height", 1), c.integer("output_width", 1)}}};
  return c.finish(c.add("roi_align", {c.in(0), c.in(1), c.in(2)}, attrs));
}

// Where each element of `size` lies, from -1 to 1.
std::vector<double> even_places(int64_t size, bool corners) {
  std::vector<double> out;
  for (int64_t i = 0; i < size; ++i) {
    const auto at = static_cast<double>(i), n = static_cast<double>(size);
    out.push_back(corners ? (size == 1 ? -1 : 2 * at / (n - 1) - 1) : (2 * at + 1) / n - 1);
  }
  return out;
}

// theta [n, k, k + 1] times the homogeneous coordinates of every output element, the last axis first.
Result<void> affine_grid(NodeContext& c) {
  VERGE_TRY(const std::vector<int64_t> size, c.ints(1, "size"));
  if (size.size() != 4 && size.size() != 5) return c.damaged("its size has " + std::to_string(size.size()) + " numbers, wants 4 or 5");
  const std::vector<int64_t> sides(size.begin() + 2, size.end());
  const auto axes = static_cast<int32_t>(sides.size());
  int64_t count = 1;
  for (const int64_t n : sides) {
    if (n < 1 || n > (1 << 24) / count) return c.damaged("a grid of " + std::to_string(n) + " along an axis");
    count *= n;
  }
  VERGE_CHECK(c.reserve(static_cast<double>(count * (axes + 1))));
  std::vector<double> points(static_cast<size_t>(count * (axes + 1)), 1.0);
  int64_t inner = count;
  for (int32_t d = 0; d < axes; ++d) {
    const std::vector<double> places = even_places(sides[d], c.integer("align_corners", 0) != 0);
    inner /= sides[d];
    for (int64_t i = 0; i < count; ++i) points[i * (axes + 1) + axes - 1 - d] = places[i / inner % sides[d]];
  }
  const ValueId all = cast(c, reals(c, points, {1, static_cast<int32_t>(count), axes + 1}), c.type(size_t{0}).dtype);
  std::vector<int64_t> shape = {0};
  shape.insert(shape.end(), sides.begin(), sides.end());
  shape.push_back(axes);
  return c.finish(shaped(c, c.add("matmul", {all, c.in(0)}, {{"trans_b", int64_t{1}}}), shape));
}

struct Deformable {
  Shape x, w, offset;
  int64_t groups = 1, offset_groups = 1, taps = 1, points = 1;
};

Result<Deformable> deformable(NodeContext& c) {
  Deformable d;
  VERGE_TRY(d.x, known_shape(c, c.in(0), "input"));
  VERGE_TRY(d.w, known_shape(c, c.in(1), "weights"));
  VERGE_TRY(d.offset, known_shape(c, c.in(2), "offset"));
  if (d.x.rank != 4 || d.w.rank != 4 || d.offset.rank != 4) return c.refuse("its input is " + c.type(size_t{0}).text() + "; two spatial dimensions are supported");
  d.groups = c.integer("group", 1);
  d.offset_groups = c.integer("offset_group", 1);
  d.taps = int64_t{d.w[2]} * d.w[3];
  d.points = int64_t{d.offset[2]} * d.offset[3];
  if (d.groups < 1 || d.offset_groups < 1 || d.x[1] % d.offset_groups != 0 || d.x[1] != d.w[1] * d.groups || d.offset[1] != 2 * d.taps * d.offset_groups)
    return c.damaged("its input " + c.type(size_t{0}).text() + ", weights " + c.type(1).text() + " and offset " + c.type(2).text() + " do not fit");
  return d;
}

// Where the taps lie without offsets, as [1, taps, 2, points]: row, column.
Result<ValueId> tap_places(NodeContext& c, const Deformable& d, const WindowForm& form) {
  const auto list = [&](const char* name) { return std::get<std::vector<int64_t>>(form.attrs.at(name)); };
  if (!form.attrs.count("pads")) return c.refuse("its padding is not given as numbers");
  const std::vector<int64_t> strides = list("strides"), dilations = list("dilations"), pads = list("pads");
  VERGE_CHECK(c.reserve(2.0 * static_cast<double>(d.taps) * static_cast<double>(d.points)));
  std::vector<double> places(static_cast<size_t>(d.taps * 2 * d.points));
  for (int64_t t = 0; t < d.taps; ++t)
    for (int64_t p = 0; p < d.points; ++p) {
      places[(t * 2 + 0) * d.points + p] = static_cast<double>(p / d.offset[3] * strides[0] - pads[0] + t / d.w[3] * dilations[0]);
      places[(t * 2 + 1) * d.points + p] = static_cast<double>(p % d.offset[3] * strides[1] - pads[1] + t % d.w[3] * dilations[1]);
    }
  return reals(c, places, {1, static_cast<int32_t>(d.taps), 2, static_cast<int32_t>(d.points)});
}

// The grid of all taps, [n * offset groups, taps, points, 2]: from elements to -1 .. 1 between outer edges.
ValueId tap_grid(NodeContext& c, const Deformable& d, ValueId places) {
  const ValueId offset = shaped(c, as_f32(c, c.in(2)), {d.x[0] * d.offset_groups, d.taps, 2, d.points});
  const ValueId at = transposed(c, c.add("add", {offset, places}), {0, 1, 3, 2});
  const ValueId column = sliced(c, at, 3, 1, 2), row = sliced(c, at, 3, 0, 1);
  const auto scaled = [&](ValueId v, int32_t size) {
    const ValueId twice = c.add("mul", {v, c.scalar(2.0 / size, v)});
    return c.add("add", {twice, c.scalar(1.0 / size - 1, v)});
  };
  return concatenated(c, {scaled(column, d.x[3]), scaled(row, d.x[2])}, 3);
}

// A convolution whose taps are moved by offsets and weighed by a mask, both from data: sampling, then a product.
Result<void> deform_conv(NodeContext& c) {
  VERGE_TRY(const Deformable d, deformable(c));
  VERGE_TRY(const WindowForm form, window_form(c));
  VERGE_TRY(const ValueId places, tap_places(c, d, form));
  const int64_t batch = d.x[0], channels = d.x[1], of_group = channels / d.offset_groups, out = d.w[0];
  const ValueId images = shaped(c, c.in(0), {batch * d.offset_groups, of_group, d.x[2], d.x[3]});
  ValueId seen = c.add("grid_sample", {as_f32(c, images), tap_grid(c, d, places)}, {{"mode", std::string("linear")}, {"padding", std::string("zeros")}, {"align_corners", int64_t{0}}});
  if (c.has(4)) seen = c.add("mul", {seen, shaped(c, as_f32(c, c.in(4)), {batch * d.offset_groups, 1, d.taps, d.points})});
  const int64_t rows = channels / d.groups * d.taps;
  const ValueId columns = shaped(c, seen, {batch, d.groups, rows, d.points});
  const ValueId weights = shaped(c, as_f32(c, c.in(1)), {1, d.groups, out / d.groups, rows});
  ValueId y = shaped(c, c.add("matmul", {weights, columns}, {{"trans_b", int64_t{0}}}), {batch, out, d.offset[2], d.offset[3]});
  if (c.has(3)) y = c.add("add", {y, shaped(c, as_f32(c, c.in(3)), {out, 1, 1})});
  return c.finish(cast(c, y, c.type(size_t{0}).dtype));
}

constexpr Row kRows[] = {
    {"AffineGrid", 20, kNewest, affine_grid},
    {"DeformConv", 19, kNewest, deform_conv},
    {"GridSample", 16, kNewest, grid_sample},
    {"RoiAlign", 10, kNewest, roi_align},
};

}  // namespace

std::span<const Row> sampling_rows() { return kRows; }

}  // namespace verge::formats::onnx
