#include "passes/channel_groups.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <string_view>

#include "ops/op.h"
#include "passes/fused.h"

namespace verge::passes {
namespace {

bool is_any(const Node& node, std::initializer_list<std::string_view> names) { return std::find(names.begin(), names.end(), node.op) != names.end(); }

int64_t last_dim(const Graph& g, ValueId v) { return g.type(v).is_static() && g.type(v).rank() > 0 ? g.type(v).dims.back().size : 0; }

// conv or dense whose channels can be told apart: weights and bias constant, nhwc.
bool is_layer(const Graph& g, const Node& n) {
  const bool constant = is_any(n, {"conv", "dense"}) && g.constant(n.input(1)) && (!n.input(2).valid() || g.constant(n.input(2)));
  if (!constant || n.op == "dense") return constant;
  return n.text("layout") == "nhwc" && !n.input(3).valid() && (n.integer("groups", 1) == 1 || is_depthwise(g, n));
}

// relu, clamp and the fused activation: a positive factor passes where the lower bound is 0 or absent.
bool lets_factors_through(const Node& n) {
  const Bounds bounds = is_any(n, {"relu", "clamp"}) ? activation_bounds(n).value_or(Bounds()) : fused_bounds(n);
  return bounds.low == 0 || bounds.low == Bounds().low;
}

bool keeps_last_axis(const Graph& g, const Node& n) {
  if (n.op == "reshape") {  // the last dimension stays, so that each element keeps its channel
    return last_dim(g, n.input(0)) == last_dim(g, n.output());
  }
  if (n.op.rfind("reduce_", 0) == 0) {
    const int rank = g.type(n.input(0)).rank();
    const std::vector<int64_t> axes = n.integers("axes");
    return !axes.empty() && std::none_of(axes.begin(), axes.end(), [&](int64_t a) { return (a < 0 ? a + rank : a) == rank - 1; });
  }
  if (n.op == "pad") {
    const std::vector<int64_t> pads = n.integers("pads");
    return !pads.empty() && pads[pads.size() / 2 - 1] == 0 && pads.back() == 0 && n.text("mode", "constant") == "constant" && n.real("value", 0) == 0;
  }
  return n.text("layout", "nhwc") == "nhwc";
}

bool carries(const Graph& g, const Node& n, ChannelUse use) {
  if (n.outputs.size() != 1 || !g.type(n.output()).is_static()) return false;
  if (is_any(n, {"add", "sub"}) || (use == ChannelUse::kRemove && is_any(n, {"mul", "maximum", "minimum"})))
    return std::all_of(n.inputs.begin(), n.inputs.end(), [&](ValueId v) { return !g.constant(v) && g.type(v).dims == g.type(n.output()).dims; }) && lets_factors_through(n);
  if (is_any(n, {"max_pool", "avg_pool", "reduce_mean", "reduce_max", "reduce_sum", "reshape", "pad"})) return keeps_last_axis(g, n);
  if (is_any(n, {"relu", "clamp", "leaky_relu", "identity"})) return lets_factors_through(n);
  const ops::OpDef* def = ops::find_op(n.op);
  return use == ChannelUse::kRemove && def && std::string_view(def->family) == "unary";
}

class Grouping {
 public:
  Grouping(const Graph& graph, ChannelUse use) : g_(graph), use_(use), parent_(graph.value_count()), fixed_(graph.value_count(), false) {
    std::iota(parent_.begin(), parent_.end(), 0U);
  }

  std::vector<ChannelGroup> run() {
    for (ValueId v : g_.inputs()) fix(v);
    for (ValueId v : g_.outputs()) fix(v);
    for (NodeId id : g_.order()) visit(g_.node(id));
    collect();
    return std::move(groups_);
  }

 private:
  uint32_t root(uint32_t v) {
    while (parent_[v] != v) v = parent_[v] = parent_[parent_[v]];
    return v;
  }
  void tie(ValueId a, ValueId b) {
    const uint32_t x = root(a.index), y = root(b.index);
    parent_[x] = y;
    fixed_[y] = fixed_[y] || fixed_[x];
  }
  void fix(ValueId v) {
    if (v.valid()) fixed_[root(v.index)] = true;
  }

  void visit(const Node& n) {
    if (is_layer(g_, n)) {
      if (use_ == ChannelUse::kRemove && is_depthwise(g_, n)) tie(n.input(0), n.output());
      if (!lets_factors_through(n) && use_ == ChannelUse::kScale) fix(n.output());
    } else if (carries(g_, n, use_)) {
      for (ValueId in : n.inputs) tie(in, n.output());
    } else {
      for (ValueId in : n.inputs) fix(in);
      for (ValueId out : n.outputs) fix(out);
    }
  }

  ChannelGroup* group_of(ValueId v) {
    const auto found = index_.find(root(v.index));
    return found == index_.end() ? nullptr : &groups_[found->second];
  }
  void place(ValueId v) {
    if (!v.valid() || g_.constant(v) || last_dim(g_, v) == 0) return;
    const auto [it, fresh] = index_.emplace(root(v.index), groups_.size());
    if (fresh) groups_.push_back({last_dim(g_, v), fixed_[root(v.index)], {}, {}, {}, {}});
    ChannelGroup& group = groups_[it->second];
    group.fixed = group.fixed || group.channels != last_dim(g_, v);
    group.values.push_back(v);
  }

  void collect() {
    for (ValueId v : g_.inputs()) place(v);
    for (NodeId id : g_.order())
      for (ValueId v : g_.node(id).outputs) place(v);
    for (NodeId id : g_.order()) {
      const Node& n = g_.node(id);
      ChannelGroup *in = n.input(0).valid() ? group_of(n.input(0)) : nullptr, *out = n.outputs.empty() ? nullptr : group_of(n.output());
      const bool layer = is_layer(g_, n), tied = use_ == ChannelUse::kRemove && layer && is_depthwise(g_, n);
      if (layer && !tied && in) in->readers.push_back(id);
      if (layer && !tied && out) out->makers.push_back(id);
      if ((!layer || tied) && out) out->carriers.push_back(id);
    }
  }

  const Graph& g_;
  ChannelUse use_;
  std::vector<uint32_t> parent_;
  std::vector<bool> fixed_;
  std::map<uint32_t, size_t> index_;  // root -> group
  std::vector<ChannelGroup> groups_;
};

}  // namespace

bool is_depthwise(const Graph& g, const Node& n) {
  if (n.op != "conv" || !g.type(n.input(1)).is_static()) return false;
  const Shape w = g.type(n.input(1)).shape();
  return n.integer("groups", 1) > 1 && n.integer("groups", 1) == w[0] && w[w.rank - 1] == 1;
}

std::vector<ChannelGroup> channel_groups(const Graph& graph, ChannelUse use) { return Grouping(graph, use).run(); }

}  // namespace verge::passes
