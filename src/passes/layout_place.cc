#include "passes/layout_place.h"

#include <algorithm>

#include "ops/op.h"

namespace verge::passes {
namespace {

const Order kChannelsLast{0, 2, 3, 1};

bool one_of(const std::string& op, std::initializer_list<const char*> names) {
  return std::any_of(names.begin(), names.end(), [&](const char* name) { return op == name; });
}

bool is_elementwise(const Node& n) {
  const ops::OpDef* def = ops::find_op(n.op);
  const std::string family = def ? def->family : "";
  return one_of(family, {"unary", "binary", "table", "cast", "quantize"}) || one_of(n.op, {"where", "identity"});
}

bool is_spatial(const Node& n) {
  return one_of(n.op, {"conv", "conv_transpose", "max_pool", "avg_pool", "instance_norm", "group_norm", "lrn", "depth_to_space", "space_to_depth"});
}

bool is_reduction(const Node& n) { return n.op.rfind("reduce_", 0) == 0 || one_of(n.op, {"arg_max", "arg_min"}); }

int64_t placed_axis(int64_t axis, const Order& order) {
  return inverse(order)[static_cast<size_t>(axis < 0 ? axis + static_cast<int64_t>(order.size()) : axis)];
}

// list[i] belonged to the value's dimension i and comes to belong to stored dimension i.
template <typename T> std::vector<T> placed_list(const std::vector<T>& list, const Order& order, size_t offset = 0) {
  std::vector<T> out;
  for (const int d : order) out.push_back(list[offset + static_cast<size_t>(d)]);
  return out;
}

bool place_list(Attrs& attrs, const char* key, const Order& order) {
  const auto found = attrs.find(key);
  if (found == attrs.end()) return true;
  if (auto* ints = std::get_if<std::vector<int64_t>>(&found->second); ints && ints->size() == order.size()) {
    *ints = placed_list(*ints, order);
    return true;
  }
  if (auto* reals = std::get_if<std::vector<double>>(&found->second); reals && (reals->empty() || reals->size() == order.size())) {
    if (!reals->empty()) *reals = placed_list(*reals, order);
    return true;
  }
  return false;
}

bool place_pads(Attrs& attrs, const Order& order) {
  auto* pads = std::get_if<std::vector<int64_t>>(&attrs["pads"]);
  if (!pads || pads->size() != 2 * order.size()) return false;
  std::vector<int64_t> begin = placed_list(*pads, order), end = placed_list(*pads, order, order.size());
  begin.insert(begin.end(), end.begin(), end.end());
  *pads = std::move(begin);
  return true;
}

void place_axes(const Node& n, Attrs& attrs, const Order& order, size_t count) {
  std::vector<int64_t> axes = n.integers("axes");
  if (axes.empty())
    for (size_t i = 0; i < count; ++i) axes.push_back(static_cast<int64_t>(i));
  for (int64_t& axis : axes) axis = placed_axis(axis, order);
  attrs["axes"] = std::move(axes);
}

// What is left of `order` without the dimensions `gone`, renumbered.
Order remaining(const Order& order, const std::vector<bool>& gone) {
  Order number(order.size()), out;
  int next = 0;
  for (size_t d = 0; d < order.size(); ++d) number[d] = gone[d] ? -1 : next++;
  for (const int d : order)
    if (number[static_cast<size_t>(d)] >= 0) out.push_back(number[static_cast<size_t>(d)]);
  return out;
}

std::optional<Placement> place_reduction(const Node& n, const Order& order) {
  Placement p{n.attrs, {order}, {order}};
  std::vector<bool> gone(order.size(), false);
  const bool one_axis = n.has("axis");
  std::vector<int64_t> axes = one_axis ? std::vector<int64_t>{n.integer("axis")} : n.integers("axes");
  if (axes.empty()) gone.assign(order.size(), true);
  for (int64_t& axis : axes) {
    gone[static_cast<size_t>(axis < 0 ? axis + static_cast<int64_t>(order.size()) : axis)] = true;
    axis = placed_axis(axis, order);
  }
  if (one_axis) {
    p.attrs["axis"] = axes[0];
  } else {
    std::sort(axes.begin(), axes.end());
    p.attrs["axes"] = axes;
  }
  if (!n.integer("keepdims", 1)) p.out[0] = remaining(order, gone);
  return p;
}

std::optional<Placement> place_spatial(const Node& n, const Order& order) {
  if (n.text("layout") == "nhwc" ? !is_plain(order) : order != kChannelsLast) return std::nullopt;
  Placement p{n.attrs, std::vector<Order>(n.inputs.size()), {order}};
  p.attrs["layout"] = std::string("nhwc");
  p.in[0] = order;
  if (n.op == "conv" && n.inputs.size() == 4) p.in[3] = order;
  return p;
}

// The input's order is undone and the output's put on; where the transpose moves channels among themselves the image stays as it was stored.
std::optional<Placement> place_transpose(const Node& n, const Order& order) {
  const std::vector<int64_t> perm = n.integers("perm");
  const size_t rank = order.size();
  Order out(rank), turn(perm.begin(), perm.end());
  const bool keeps_plane = rank == 5 && perm[3] == 3 && perm[4] == 4;
  for (size_t i = 0; i < rank; ++i) out[i] = keeps_plane ? order[i] : inverse(turn)[static_cast<size_t>(order[i])];
  Placement p{n.attrs, {order}, {out}};
  std::vector<int64_t> placed;
  for (const int d : out) placed.push_back(inverse(order)[static_cast<size_t>(perm[static_cast<size_t>(d)])]);
  p.attrs["perm"] = std::move(placed);
  return p;
}

std::optional<Placement> place_reshape(const Graph& g, const Node& n, const Order& order) {
  const TensorType &x = g.type(n.input(0)), &y = g.type(n.output());
  const auto out = y.ranked ? through_reshape(x.dims, y.dims, order) : std::nullopt;
  if (!out) return std::nullopt;
  std::vector<int64_t> shape;
  for (const Dim& d : stored_dims(y.dims, *out)) shape.push_back(d.known() ? d.size : -1);
  if (std::count(shape.begin(), shape.end(), -1) > 1) return std::nullopt;
  Placement p{n.attrs, {order}, {*out}};
  p.attrs["shape"] = std::move(shape);
  return p;
}

// Operators whose input 0 and outputs have one rank and that name dimensions in their attributes alone.
std::optional<Placement> place_by_attributes(const Graph& g, const Node& n, const Order& order) {
  Placement p{n.attrs, std::vector<Order>(n.inputs.size()), std::vector<Order>(n.outputs.size(), order)};
  p.in[0] = order;
  bool placed = true;
  if (one_of(n.op, {"softmax", "log_softmax", "top_k"})) {
    p.attrs["axis"] = placed_axis(n.integer("axis", -1), order);
  } else if (n.op == "concat") {
    p.in.assign(n.inputs.size(), order);
    p.attrs["axis"] = placed_axis(n.integer("axis"), order);
  } else if (n.op == "split") {
    p.attrs["axis"] = placed_axis(n.integer("axis"), order);
  } else if (n.op == "gather") {
    placed = g.type(n.input(1)).ranked && g.type(n.input(1)).rank() == 1;
    p.attrs["axis"] = placed_axis(n.integer("axis"), order);
  } else if (n.op == "batch_norm") {
    p.attrs["axis"] = placed_axis(n.integer("axis", 1), order);
  } else if (n.op == "pad") {
    placed = place_pads(p.attrs, order);
  } else if (n.op == "slice") {
    place_axes(n, p.attrs, order, n.integers("starts").size());
  } else if (n.op == "tile") {
    placed = place_list(p.attrs, "repeats", order);
  } else if (n.op == "expand") {
    placed = place_list(p.attrs, "shape", order);
  } else if (n.op == "resize") {
    placed = !n.has("crop") && place_list(p.attrs, "sizes", order) && place_list(p.attrs, "scales", order);
  } else {
    return std::nullopt;
  }
  return placed ? std::optional(std::move(p)) : std::nullopt;
}

bool per_channel_activation(const Graph& g, const Node& n) {
  const auto is = [&](ValueId v) { return v.valid() && !g.constant(v) && g.type(v).quant.per_channel(); };
  return std::any_of(n.inputs.begin(), n.inputs.end(), is) || std::any_of(n.outputs.begin(), n.outputs.end(), is);
}

bool has_rank(const Graph& g, ValueId v, size_t rank) { return g.type(v).ranked && g.type(v).dims.size() == rank; }

std::optional<Placement> place_elementwise(const Graph& g, const Node& n, const Order& order) {
  if (!has_rank(g, n.output(), order.size())) return std::nullopt;
  for (const ValueId in : n.inputs)
    if (!g.type(in).ranked) return std::nullopt;
  return Placement{n.attrs, std::vector<Order>(n.inputs.size(), order), {order}};
}

}  // namespace

bool wants_channels_last(const Graph& g, const Node& n) { return is_spatial(n) && n.text("layout") != "nhwc" && has_rank(g, n.input(0), 4); }

std::optional<Placement> place(const Graph& g, const Node& n, const Order& order) {
  if (per_channel_activation(g, n)) return std::nullopt;
  if (is_elementwise(n)) return place_elementwise(g, n, order);
  if (n.inputs.empty() || !n.input(0).valid() || !has_rank(g, n.input(0), order.size())) return std::nullopt;
  if (is_spatial(n)) return place_spatial(n, order);
  if (is_reduction(n)) return place_reduction(n, order);
  if (n.op == "transpose") return place_transpose(n, order);
  if (n.op == "reshape") return place_reshape(g, n, order);
  return place_by_attributes(g, n, order);
}

std::optional<Order> order_from_input(const Graph& g, const Node& n, size_t input, const Order& order) {
  const auto placed = place(g, n, order);
  if (!placed || input >= placed->in.size() || placed->in[input] != order || !has_rank(g, n.input(input), order.size())) return std::nullopt;
  return order;
}

std::optional<Order> order_from_output(const Graph& g, const Node& n, size_t output, const Order& order) {
  std::optional<Order> at = order;
  if (n.op == "reshape" && g.type(n.input(0)).ranked) at = through_reshape(g.type(n.output()).dims, g.type(n.input(0)).dims, order);
  if (n.op == "transpose") {
    const std::vector<int64_t> perm = n.integers("perm");
    const auto kept = place(g, n, order);
    if (!kept || kept->out[0] != order)
      for (size_t i = 0; i < order.size(); ++i) (*at)[i] = static_cast<int>(perm[static_cast<size_t>(order[i])]);
  }
  if (!at) return std::nullopt;
  const auto placed = place(g, n, *at);
  if (!placed || placed->out[output] != order) return std::nullopt;
  return at;
}

}  // namespace verge::passes
