// y[n, c, o...] = x[n, c, ...] interpolated at grid[n, o..., :], whose k coordinates name the last axis first and run from -1 to 1 over x.
//
//   x [n, c, d1..dk]   grid [n, o1..ok, k]   y [n, c, o1..ok]     k from 1 to 3
//   mode           nearest (ties to even), linear (default), cubic (Keys, a = -0.75)
//   padding        what lies outside x: zeros (default), border, reflection
//   align_corners  1: -1 and 1 are the centres of the outermost elements; 0 (default): their outer edges
#include <algorithm>
#include <array>
#include <cmath>

#include "ops/grid_sample/grid_sample_attrs.h"
#include "ops/op.h"
#include "ops/reference_tools.h"
#include "ops/shape_rules.h"

namespace verge::ops {
namespace {

constexpr std::array kModes = {"nearest", "linear", "cubic"};
constexpr std::array kPaddings = {"zeros", "border", "reflection"};

template <size_t n> Result<uint32_t> place_in(const std::array<const char*, n>& names, const std::string& wanted, const char* what) {
  const auto found = std::find(names.begin(), names.end(), wanted);
  if (found == names.end()) return invalid(std::string(what) + " '" + wanted + "' is not known");
  return static_cast<uint32_t>(found - names.begin());
}

Result<exec::GridSampleAttrs> attrs_of(const Node& node) {
  exec::GridSampleAttrs attrs;
  VERGE_TRY(attrs.mode, place_in(kModes, node.text("mode", "linear"), "mode"));
  VERGE_TRY(attrs.padding, place_in(kPaddings, node.text("padding", "zeros"), "padding"));
  attrs.align_corners = node.integer("align_corners") != 0;
  return attrs;
}

Result<void> infer(InferContext& c) {
  const TensorType &x = c.in(0), &grid = c.in(1);
  VERGE_CHECK(attrs_of(c.node));
  VERGE_CHECK(need_rank(x, "input"));
  VERGE_CHECK(need_rank(grid, "grid"));
  const int axes = x.rank() - 2;
  if (axes < 1 || axes > exec::kMostGridAxes || grid.rank() != x.rank() || (grid.dims.back().known() && grid.dims.back().size != axes))
    return invalid("input " + x.text() + " and grid " + grid.text() + ": want [n, c, d1..dk] and [n, o1..ok, k] with k from 1 to 3");
  c.out[0].dtype = x.dtype;
  c.out[0].ranked = true;
  c.out[0].dims = {x.dims[0], x.dims[1]};
  c.out[0].dims.insert(c.out[0].dims.end(), grid.dims.begin() + 1, grid.dims.end() - 1);
  return done();
}

Cost cost(const Graph& graph, const Node& node) { return elementwise_cost(graph, node, 8); }

// Samples in double, axis after axis.
class Sampler {
 public:
  Sampler(const exec::GridSampleAttrs& attrs, const Tensor& x) : attrs_(attrs), x_(x) {}

  // At `grid` within dimensions [d, rank) of the elements from `base` on.
  double at(int d, int64_t base, const std::vector<double>& grid) const {
    if (d == x_.shape().rank) return x_.at(base);
    const double size = x_.shape()[d], g = grid[static_cast<size_t>(x_.shape().rank - 1 - d)];
    double x = std::clamp<double>(attrs_.align_corners ? (g + 1) / 2 * (size - 1) : ((g + 1) * size - 1) / 2, -(1 << 24), 1 << 24);
    const auto mode = static_cast<exec::GridMode>(attrs_.mode);
    if (mode == exec::GridMode::kNearest) x = std::nearbyint(x);
    if (x < low() || x > high(d)) x = outside(x, d);
    const int reach = mode == exec::GridMode::kCubic ? 2 : 1;
    double sum = 0;
    for (double k = std::floor(x) - reach; k <= std::floor(x) + reach + 1; ++k) {
      const double w = mode == exec::GridMode::kNearest ? k == x : mode == exec::GridMode::kLinear ? std::max(0.0, 1 - std::fabs(x - k)) : cubic(x - k);
      if (w != 0) sum += w * element(d, base, k, grid);
    }
    return sum;
  }

 private:
  static double cubic(double d) {
    constexpr double a = -0.75;
    d = std::fabs(d);
    return d <= 1 ? ((a + 2) * d - (a + 3)) * d * d + 1 : d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
  }
  double low() const { return attrs_.align_corners ? 0 : -0.5; }
  double high(int d) const { return x_.shape()[d] - (attrs_.align_corners ? 1 : 0.5); }
  double outside(double x, int d) const {
    const auto padding = static_cast<exec::GridPadding>(attrs_.padding);
    if (padding == exec::GridPadding::kZeros) return x;
    if (padding == exec::GridPadding::kBorder) return std::clamp<double>(x, 0, x_.shape()[d] - 1);
    const double range = high(d) - low();
    if (!(range > 0)) return low();
    const double turned = std::fmod(std::fabs(x - low()), 2 * range);
    return low() + (turned <= range ? turned : 2 * range - turned);
  }
  double element(int d, int64_t base, double k, const std::vector<double>& grid) const {
    if (k < 0 || k >= x_.shape()[d]) {
      if (attrs_.padding == static_cast<uint32_t>(exec::GridPadding::kZeros)) return 0;
      k = std::clamp<double>(std::trunc(outside(k, d)), 0, x_.shape()[d] - 1);
    }
    return at(d + 1, base + static_cast<int64_t>(k) * x_.shape().count(d + 1, x_.shape().rank), grid);
  }

  const exec::GridSampleAttrs& attrs_;
  const Tensor& x_;
};

Result<void> reference(ReferenceContext& c) {
  VERGE_TRY(const exec::GridSampleAttrs attrs, attrs_of(c.node));
  const Shape x = c.in[0].shape(), y = c.out[0].shape();
  const int64_t points = y.count(2, y.rank), axes = x.rank - 2;
  const Sampler sampler(attrs, c.in[0]);
  std::vector<double> values(static_cast<size_t>(y.count()));
  for (int64_t i = 0; i < y.count(); ++i) {
    const int64_t image = i / points, point = image / y[1] * points + i % points;
    std::vector<double> grid;
    for (int64_t k = 0; k < axes; ++k) grid.push_back(c.in[1].at(point * axes + k));
    values[i] = sampler.at(2, image * x.count(2, x.rank), grid);
  }
  fill(c.out[0], values);
  return done();
}

Result<void> lower(const Node& node, Emitter& emitter) {
  VERGE_TRY(const exec::GridSampleAttrs attrs, attrs_of(node));
  const TensorType& x = emitter.graph().type(node.input(0));
  if (x.dtype != DataType::kF32 || emitter.graph().type(node.input(1)).dtype != DataType::kF32) return unsupported("grid_sample of " + x.text() + ": only f32 runs; cast first");
  emitter.emit(exec::Op::grid_sample_f32, {emitter.tensor(node.input(0)), emitter.tensor(node.input(1))}, {emitter.tensor(node.output())}, attrs);
  return done();
}

}  // namespace

VERGE_OP_METHODS(grid_sample) = {.infer = infer, .cost = cost, .reference = reference, .lower = lower};

}  // namespace verge::ops
