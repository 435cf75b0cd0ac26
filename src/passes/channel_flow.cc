#include "passes/channel_flow.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/text.h"
#include "ops/affine.h"
#include "ops/op.h"
#include "ops/reduce/reduce.h"
#include "ops/spatial.h"
#include "passes/quantized.h"

namespace verge::passes {
namespace {

using From = std::vector<int32_t>;

From each_its_own(int64_t channels) {
  From from(static_cast<size_t>(channels));
  std::iota(from.begin(), from.end(), 0);
  return from;
}

bool is_any(const Node& node, std::initializer_list<const char*> names) {
  return std::any_of(names.begin(), names.end(), [&](const char* name) { return node.op == name; });
}

bool is_unary(const Node& node) {
  const ops::OpDef* def = ops::find_op(node.op);
  return def && (std::string_view(def->family) == "unary" || is_any(node, {"identity", "requantize", "table"}));
}

bool is_binary(const Node& node) { return is_any(node, {"add", "sub", "mul", "maximum", "minimum"}); }

// One input, same channels; the axis may have moved.
ChannelFlow carried(const Graph& g, const Node& n, int in_axis, int axis) {
  return {axis, {in_axis}, {each_its_own(g.type(n.output()).dims[static_cast<size_t>(axis)].size)}};
}

std::optional<ChannelFlow> pool_flow(const Graph& g, const Node& n, int axis) {
  const auto axes = ops::axes_of(n);
  if (!axes.ok() || axes->c != axis) return std::nullopt;
  return carried(g, n, axis, axis);
}

std::optional<ChannelFlow> reduce_flow(const Graph& g, const Node& n, int axis) {
  const auto axes = ops::reduced_axes(n, g.type(n.input(0)).rank());
  if (!axes.ok() || std::find(axes->begin(), axes->end(), axis) != axes->end()) return std::nullopt;
  const bool keep = n.integer("keepdims", 1) != 0;
  const auto before = std::count_if(axes->begin(), axes->end(), [&](int a) { return a < axis; });
  return carried(g, n, axis, keep ? axis : axis - static_cast<int>(before));
}

std::optional<ChannelFlow> transpose_flow(const Graph& g, const Node& n, int axis) {
  std::vector<int64_t> perm = n.integers("perm");
  const int rank = g.type(n.input(0)).rank();
  for (int64_t& p : perm) p = p < 0 ? p + rank : p;
  const auto found = std::find(perm.begin(), perm.end(), axis);
  if (found == perm.end()) return std::nullopt;
  return carried(g, n, axis, static_cast<int>(found - perm.begin()));
}

std::optional<ChannelFlow> pad_flow(const Graph& g, const Node& n, int axis) {
  const std::vector<int64_t> pads = n.integers("pads");
  const auto rank = static_cast<size_t>(g.type(n.input(0)).rank()), at = static_cast<size_t>(axis);
  if (pads.size() != 2 * rank || pads[at] != 0 || pads[at + rank] != 0) return std::nullopt;
  return carried(g, n, axis, axis);
}

int64_t inner(const Shape& shape, int axis) { return shape.count(axis + 1, shape.rank); }

// For each index along `axis` of y the one channel of x that its elements come from; none when they come from several.
std::optional<From> reshaped(const Shape& x, int x_axis, const Shape& y, int axis) {
  From from(static_cast<size_t>(y[axis]), -1);
  const int64_t x_inner = inner(x, x_axis), y_inner = inner(y, axis);
  for (int64_t e = 0; e < x.count(); ++e) {
    const auto c = static_cast<int32_t>(e / x_inner % x[x_axis]);
    int32_t& of = from[static_cast<size_t>(e / y_inner % y[axis])];
    if (of >= 0 && of != c) return std::nullopt;
    of = c;
  }
  return from;
}

std::optional<ChannelFlow> reshape_flow(const Graph& g, const Node& n, int axis) {
  const Shape x = g.type(n.input(0)).shape(), y = g.type(n.output()).shape();
  std::optional<ChannelFlow> best;
  for (int d = 0; d < y.rank; ++d) {
    if (best && y[d] >= static_cast<int64_t>(best->from[0].size())) continue;
    if (auto from = reshaped(x, axis, y, d)) best = ChannelFlow{d, {axis}, {*std::move(from)}};
  }
  return best;
}

// Where the channels of a tracked input lie among the output's dimensions, numpy's broadcasting; -1 when the inputs disagree.
int broadcast_axis(const Graph& g, const Node& n, const std::vector<Channels>& known) {
  int axis = -1;
  for (const ValueId in : n.inputs) {
    if (!known[in.index].tracked()) continue;
    const int here = known[in.index].axis + g.type(n.output()).rank() - g.type(in).rank();
    if (axis >= 0 && axis != here) return -1;
    axis = here;
  }
  return axis;
}

std::optional<ChannelFlow> binary_flow(const Graph& g, const Node& n, const std::vector<Channels>& known) {
  const int axis = broadcast_axis(g, n, known);
  if (axis < 0) return std::nullopt;
  const int64_t channels = g.type(n.output()).dims[static_cast<size_t>(axis)].size;
  ChannelFlow flow{axis, {}, {}};
  for (const ValueId in : n.inputs) {
    const int here = axis - (g.type(n.output()).rank() - g.type(in).rank());
    const bool varies = here >= 0 && g.type(in).dims[static_cast<size_t>(here)].size == channels;
    flow.in_axis.push_back(here);
    flow.from.push_back(varies ? each_its_own(channels) : From(static_cast<size_t>(channels), 0));
  }
  return flow;
}

std::optional<ChannelFlow> concat_flow(const Graph& g, const Node& n, const std::vector<Channels>& known) {
  const int axis = broadcast_axis(g, n, known), rank = g.type(n.output()).rank();
  if (axis < 0) return std::nullopt;
  const int64_t given = n.integer("axis"), channels = g.type(n.output()).dims[static_cast<size_t>(axis)].size;
  const bool side_by_side = (given < 0 ? given + rank : given) == axis;
  ChannelFlow flow{axis, {}, {}};
  int64_t first = 0;
  for (const ValueId in : n.inputs) {
    const int64_t here = g.type(in).dims[static_cast<size_t>(axis)].size;
    From from = side_by_side ? From(static_cast<size_t>(channels), -1) : each_its_own(channels);
    if (side_by_side) std::iota(from.begin() + first, from.begin() + first + here, 0);
    first += here;
    flow.in_axis.push_back(axis);
    flow.from.push_back(std::move(from));
  }
  return flow;
}

bool all_bytes(const Graph& g, const Node& n) {
  const auto fits = [&](ValueId v) { return v.valid() && is_byte_tensor(g.type(v)) && g.type(v).is_static() && g.type(v).shape().count() > 0; };
  return n.outputs.size() == 1 && std::all_of(n.inputs.begin(), n.inputs.end(), fits) && fits(n.output());
}

// Ranges through the operators' own arithmetic: their references, on a few numbers.

Tensor tensor_of(DataType dtype, const Shape& shape, const std::vector<int64_t>& values) {
  Tensor out(dtype, shape);
  for (size_t i = 0; i < values.size(); ++i) out.data()[i] = static_cast<uint8_t>(values[i]);
  return out;
}

std::vector<int64_t> computed(const Graph& g, const Node& n, const std::vector<Tensor>& in) {
  const auto out = ops::run_reference(g, n, in);
  return out.ok() ? (*out)[0].to_ints() : std::vector<int64_t>();
}

std::vector<int64_t> ends(const std::vector<Interval>& v, bool high) {
  std::vector<int64_t> out;
  for (const Interval& i : v) out.push_back(high ? i.high : i.low);
  return out;
}

std::vector<Interval> anything(const Graph& g, const Node& n, size_t channels) {
  return std::vector<Interval>(channels, type_interval(g.type(n.output()).dtype));
}

// A function of one byte, whatever its shape: all its values.
std::vector<Interval> unary_range(const Graph& g, const Node& n, const std::vector<Interval>& x) {
  const Interval all = type_interval(g.type(n.input(0)).dtype);
  std::vector<int64_t> every(256);
  std::iota(every.begin(), every.end(), all.low);
  const std::vector<int64_t> table = computed(g, n, {tensor_of(g.type(n.input(0)).dtype, {256}, every)});
  if (table.size() != 256) return anything(g, n, x.size());
  std::vector<Interval> out;
  for (const Interval& v : x) {
    const auto [least, most] = std::minmax_element(table.begin() + (v.low - all.low), table.begin() + (v.high - all.low) + 1);
    out.push_back({*least, *most});
  }
  return out;
}

// Whether the contract's multipliers shift to the right, so that nothing wraps and more in never gives less out.
bool scales_are_near(const Graph& g, const Node& n) {
  const double z = ops::scale(g.type(n.output()).quant);
  double product = 1;
  for (const ValueId in : n.inputs) {
    const double ratio = ops::scale(g.type(in).quant) / z;
    if (ratio >= 1 << 12) return false;
    product *= ops::scale(g.type(in).quant);
  }
  return n.op != "mul" || product / z < 1 << 12;
}

// add, maximum and minimum grow with both, sub with the first; the extremes of a product lie at corners.
std::vector<Interval> binary_range(const Graph& g, const Node& n, const std::vector<std::vector<Interval>>& in) {
  if (!scales_are_near(g, n)) return anything(g, n, in[0].size());
  const Shape shape = {static_cast<int32_t>(in[0].size())};
  std::vector<Interval> out(in[0].size(), Interval{INT64_MAX, INT64_MIN});
  for (const bool first : {false, true})
    for (const bool second : {false, true}) {
      const auto z =
          computed(g, n, {tensor_of(g.type(n.input(0)).dtype, shape, ends(in[0], first)), tensor_of(g.type(n.input(1)).dtype, shape, ends(in[1], second))});
      if (z.size() != out.size()) return anything(g, n, out.size());
      for (size_t i = 0; i < z.size(); ++i) out[i] = hull(out[i], {z[i], z[i]});
    }
  return out;
}

// The mean of numbers within an interval lies between the means of its ends repeated.
std::vector<Interval> reduce_range(const Graph& g, const Node& n, const std::vector<Interval>& x) {
  const TensorType &from = g.type(n.input(0)), &to = g.type(n.output());
  const int64_t channels = static_cast<int64_t>(x.size()), each = from.shape().count() / to.shape().count();
  if (!scales_are_near(g, n) || each > 1 << 10 || !is_any(n, {"reduce_mean", "reduce_max", "reduce_min"})) return anything(g, n, x.size());
  Node over_rows = n;
  over_rows.attrs["axes"] = std::vector<int64_t>{0};
  over_rows.attrs["keepdims"] = int64_t{0};
  std::vector<int64_t> of_end[2];
  for (const bool high : {false, true}) {
    const std::vector<int64_t> row = ends(x, high);
    std::vector<int64_t> rows;
    for (int64_t i = 0; i < each; ++i) rows.insert(rows.end(), row.begin(), row.end());
    of_end[high] = computed(g, over_rows, {tensor_of(from.dtype, {static_cast<int32_t>(each), static_cast<int32_t>(channels)}, rows)});
    if (of_end[high].size() != x.size()) return anything(g, n, x.size());
  }
  std::vector<Interval> out;
  for (size_t i = 0; i < x.size(); ++i) out.push_back({of_end[0][i], of_end[1][i]});
  return out;
}

bool same_scale(const Graph& g, const Node& n) {
  const TensorType& y = g.type(n.output());
  return std::all_of(n.inputs.begin(), n.inputs.end(), [&](ValueId v) { return g.type(v).dtype == y.dtype && g.type(v).quant == y.quant; });
}

bool pads_nothing(const Node& n) {
  const std::vector<int64_t> pads = n.integers("pads", {0, 0, 0, 0});
  return n.text("auto_pad", "valid") == "valid" && !n.integer("ceil_mode") && std::all_of(pads.begin(), pads.end(), [](int64_t p) { return p == 0; });
}

// A window's largest value, or its average by the contract: never outside of what the values are. A window that sees padding alone is not to be had without padding.
std::vector<Interval> pool_range(const Graph& g, const Node& n, std::vector<Interval> x) {
  if (!same_scale(g, n) || !pads_nothing(n) || (n.op == "avg_pool" && n.text("requant", "tflm") != "tflm")) return anything(g, n, x.size());
  const TensorType& y = g.type(n.output());
  const ops::IntegerClamp clamp = ops::integer_clamp(n, y.quant, y.dtype);
  for (Interval& v : x) v = {clamp(v.low), clamp(v.high)};
  return x;
}

std::vector<Interval> pad_range(const Graph& g, const Node& n, std::vector<Interval> x) {
  const auto type = ops::affine_type(g.type(n.output()), "output");
  const auto mode = ops::requant_mode(n);
  if (!type.ok() || !mode.ok()) return anything(g, n, x.size());
  const int64_t border = ops::quantized_value(n.real("value", 0), *type, *mode);
  if (n.text("mode", "constant") == "constant")
    for (Interval& v : x) v = hull(v, {border, border});
  return x;
}

// Each channel from the inputs that have a part in it.
std::vector<Interval> concat_range(const ChannelFlow& flow, const std::vector<std::vector<Interval>>& in) {
  std::vector<Interval> out(in[0].size(), Interval{INT64_MAX, INT64_MIN});
  for (size_t k = 0; k < in.size(); ++k)
    for (size_t i = 0; i < out.size(); ++i)
      if (flow.from[k][i] >= 0) out[i] = hull(out[i], in[k][i]);
  return out;
}

}  // namespace

std::optional<ChannelFlow> channel_flow(const Graph& g, const Node& n, const std::vector<Channels>& known) {
  if (!all_bytes(g, n)) return std::nullopt;
  if (is_binary(n)) return binary_flow(g, n, known);
  if (n.op == "concat") return concat_flow(g, n, known);
  const int axis = known[n.input(0).index].axis;
  if (is_unary(n)) return carried(g, n, axis, axis);
  if (is_any(n, {"max_pool", "avg_pool"})) return pool_flow(g, n, axis);
  if (is_any(n, {"reduce_mean", "reduce_sum", "reduce_max", "reduce_min"})) return reduce_flow(g, n, axis);
  if (n.op == "transpose") return transpose_flow(g, n, axis);
  if (n.op == "pad") return pad_flow(g, n, axis);
  if (n.op == "reshape") return reshape_flow(g, n, axis);
  return std::nullopt;
}

std::vector<Interval> flow_range(const Graph& g, const Node& n, const ChannelFlow& flow, const std::vector<std::vector<Interval>>& in) {
  const size_t channels = flow.from[0].size();
  if (is_unary(n)) return unary_range(g, n, in[0]);
  if (is_binary(n)) return binary_range(g, n, in);
  if (is_any(n, {"max_pool", "avg_pool"})) return pool_range(g, n, in[0]);
  if (starts_with(n.op, "reduce_")) return reduce_range(g, n, in[0]);
  if (!same_scale(g, n)) return anything(g, n, channels);
  if (n.op == "concat") return concat_range(flow, in);
  return n.op == "pad" ? pad_range(g, n, in[0]) : in[0];
}

}  // namespace verge::passes
