// y[r, c, i, j] = x summed up over cell (i, j) of rectangle r: the mean of bilinear samples, or with mode = max the greatest of their weighted corners
// (as ONNX Runtime has it).
//
//   x [n, c, h, w]   rectangles [r, 4] as x1, y1, x2, y2   image [r], which image of the batch   y [r, c, cells_h, cells_w]
//   scale         from the rectangles' units to elements of x
//   samples       along each side of a cell; 0: as many as the cell is long
//   half_pixel    1: coordinates name edges of elements; 0: centres, and a rectangle is at least one element large
#include <algorithm>
#include <cmath>

#include "ops/op.h"
#include "base/integers.h"
#include "ops/reference_tools.h"
#include "ops/roi_align/roi_align_attrs.h"
#include "ops/shape_rules.h"

namespace verge::ops {
namespace {

Result<exec::RoiAlignAttrs> attrs_of(const Node& node) {
  const std::string mode = node.text("mode", "avg");
  if (mode != "avg" && mode != "max") return invalid("mode '" + mode + "' wants avg or max");
  return exec::RoiAlignAttrs{static_cast<float>(node.real("scale", 1)), static_cast<int32_t>(node.integer("samples")), node.integer("half_pixel", 1) != 0, mode == "max"};
}

Result<void> infer(InferContext& c) {
  VERGE_CHECK(attrs_of(c.node));
  VERGE_CHECK(need_rank(c.in(0), "input"));
  VERGE_CHECK(need_rank(c.in(1), "rectangles"));
  if (c.in(0).rank() != 4 || c.in(1).rank() != 2) return invalid("input " + c.in(0).text() + " and rectangles " + c.in(1).text() + ": want [n, c, h, w] and [r, 4]");
  const std::vector<int64_t> cells = c.node.integers("cells");
  if (cells.size() != 2 || cells[0] < 1 || cells[1] < 1) return invalid("cells want two positive numbers");
  c.out[0].dtype = c.in(0).dtype;
  c.out[0].ranked = true;
  c.out[0].dims = {c.in(1).dims[0], c.in(0).dims[1], Dim(cells[0]), Dim(cells[1])};
  return done();
}

Cost cost(const Graph& graph, const Node& node) { return elementwise_cost(graph, node, 32); }

struct Side {
  double begin, cell;
  int64_t samples;
  double at(int64_t i, int64_t k) const { return begin + static_cast<double>(i) * cell + (static_cast<double>(k) + 0.5) * cell / static_cast<double>(samples); }
};

// The device's arithmetic: where a sample falls is decided in f32.
Side side_of(const exec::RoiAlignAttrs& a, float from, float to, int64_t cells) {
  const float offset = a.half_pixel ? 0.5f : 0.0f, begin = from * a.scale - offset;
  float length = to * a.scale - offset - begin;
  if (!a.half_pixel) length = std::max(length, 1.0f);
  const float cell = length / static_cast<float>(cells);
  return {begin, cell, a.samples > 0 ? a.samples : std::clamp<int64_t>(to_integer<int64_t>(std::ceil(cell)), 0, 1024)};
}

// The four corners around (y, x), weighted.
std::vector<double> corners(const Tensor& image, int64_t plane, double y, double x) {
  const int64_t h = image.shape()[2], w = image.shape()[3];
  if (y < -1 || y > static_cast<double>(h) || x < -1 || x > static_cast<double>(w)) return std::vector<double>(4, 0.0);
  y = std::clamp<double>(y, 0, static_cast<double>(h - 1));
  x = std::clamp<double>(x, 0, static_cast<double>(w - 1));
  const auto y0 = static_cast<int64_t>(y), x0 = static_cast<int64_t>(x), y1 = std::min(y0 + 1, h - 1), x1 = std::min(x0 + 1, w - 1);
  const double fy = y - static_cast<double>(y0), fx = x - static_cast<double>(x0);
  const auto value = [&](int64_t r, int64_t c) { return image.at((plane * h + r) * w + c); };
  return {(1 - fy) * (1 - fx) * value(y0, x0), (1 - fy) * fx * value(y0, x1), fy * (1 - fx) * value(y1, x0), fy * fx * value(y1, x1)};
}

Result<void> reference(ReferenceContext& c) {
  VERGE_TRY(const exec::RoiAlignAttrs a, attrs_of(c.node));
  const Tensor& x = c.in[0];
  const Shape y = c.out[0].shape();
  const std::vector<int64_t> images = c.in[2].to_ints();
  std::vector<double> out;
  for (int64_t i = 0; i < y.count(); ++i) {
    const Coordinates at = coordinates_of(y, i);
    if (images[at[0]] < 0 || images[at[0]] >= x.shape()[0]) return invalid("rectangle " + std::to_string(at[0]) + " names image " + std::to_string(images[at[0]]));
    const auto box = [&](int64_t k) { return static_cast<float>(c.in[1].at(4 * at[0] + k)); };
    const Side sx = side_of(a, box(0), box(2), y[3]), sy = side_of(a, box(1), box(3), y[2]);
    std::vector<double> all;
    for (int64_t ky = 0; ky < sy.samples; ++ky)
      for (int64_t kx = 0; kx < sx.samples; ++kx)
        for (double v : corners(x, images[at[0]] * x.shape()[1] + at[1], sy.at(at[2], ky), sx.at(at[3], kx))) all.push_back(v);
    double sum = 0;
    for (double v : all) sum += v;
    out.push_back(all.empty() ? 0 : a.max ? *std::max_element(all.begin(), all.end()) : sum / (static_cast<double>(all.size()) / 4));
  }
  fill(c.out[0], out);
  return done();
}

Result<void> lower(const Node& node, Emitter& emitter) {
  VERGE_TRY(const exec::RoiAlignAttrs attrs, attrs_of(node));
  if (emitter.graph().type(node.input(0)).dtype != DataType::kF32) return unsupported("roi_align of " + emitter.graph().type(node.input(0)).text() + ": only f32 runs; cast first");
  emitter.emit(exec::Op::roi_align_f32, {emitter.tensor(node.input(0)), emitter.tensor(node.input(1)), emitter.tensor(node.input(2))}, {emitter.tensor(node.output())}, attrs);
  return done();
}

}  // namespace

VERGE_OP_METHODS(roi_align) = {.infer = infer, .cost = cost, .reference = reference, .lower = lower};

}  // namespace verge::ops
