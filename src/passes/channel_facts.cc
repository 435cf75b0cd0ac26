#include "passes/channel_facts.h"

#include <algorithm>
#include <numeric>

namespace verge::passes {
namespace {

std::vector<Interval> of_constant(const Tensor& t, int axis, size_t channels) {
  const bool varies = axis >= 0 && t.shape()[axis] == static_cast<int32_t>(channels);
  const int64_t inner = varies ? t.shape().count(axis + 1, t.shape().rank) : 1;
  std::vector<Interval> out(varies ? channels : 1, Interval{INT64_MAX, INT64_MIN});
  for (int64_t i = 0; i < t.count(); ++i) {
    const auto v = static_cast<int64_t>(t.at(i));
    Interval& of = out[varies ? static_cast<size_t>(i / inner) % channels : 0];
    of = hull(of, {v, v});
  }
  return out;
}

// What each channel of a layer's input can be.
std::vector<Interval> layer_input(const Graph& g, const Node& n, const IntegerLayer& layer, const std::vector<Channels>& known) {
  const Channels& x = known[n.input(0).index];
  if (x.axis == layer.in_axis) return x.range;
  return std::vector<Interval>(layer.inputs(), type_interval(g.type(n.input(0)).dtype));
}

Channels layer_output(const Graph& g, const Node& n, const IntegerLayer& layer, const std::vector<Channels>& known) {
  const std::vector<Interval> x = layer_input(g, n, layer, known);
  Channels y{layer.out_axis, {}};
  for (size_t o = 0; o < layer.outputs(); ++o) y.range.push_back(layer.output(o, layer.accumulator(o, x)));
  return y;
}

Channels flow_output(const Graph& g, const Node& n, const ChannelFlow& flow, const std::vector<Channels>& known) {
  std::vector<std::vector<Interval>> in;
  for (size_t k = 0; k < n.inputs.size(); ++k) {
    const ValueId value = n.inputs[k];
    const Tensor* constant = g.constant(value);
    const std::vector<Interval> of = constant ? of_constant(*constant, flow.in_axis[k], flow.from[k].size()) : known[value.index].range;
    std::vector<Interval>& gathered = in.emplace_back();
    for (const int32_t c : flow.from[k]) {
      const bool told = c >= 0 && !of.empty();
      gathered.push_back(told ? of[std::min(static_cast<size_t>(c), of.size() - 1)] : type_interval(g.type(value).dtype));
    }
  }
  return {flow.axis, flow_range(g, n, flow, in)};
}

bool any_tracked(const Node& n, const std::vector<Channels>& known) {
  return std::any_of(n.inputs.begin(), n.inputs.end(), [&](ValueId v) { return v.valid() && known[v.index].tracked(); });
}

// Channels of all tracked values in one numbering, in classes that go or stay together.
class Cells {
 public:
  Cells(const Graph& g, const ChannelFacts& facts) : facts_(facts), first_(g.value_count() + 1, 0) {
    for (size_t v = 0; v < g.value_count(); ++v) first_[v + 1] = first_[v] + static_cast<uint32_t>(facts.values[v].range.size());
    parent_.resize(first_.back());
    std::iota(parent_.begin(), parent_.end(), 0);
    owner_.resize(first_.back());
    for (uint32_t v = 0; v < g.value_count(); ++v) std::fill(owner_.begin() + first_[v], owner_.begin() + first_[v + 1], v);
  }

  size_t count() const { return parent_.size(); }
  size_t channels(ValueId v) const { return first_[v.index + 1] - first_[v.index]; }
  uint32_t cell(ValueId v, size_t channel) const { return first_[v.index] + static_cast<uint32_t>(channel); }
  ValueId value(uint32_t cell) const { return ValueId{owner_[cell]}; }
  size_t channel(uint32_t cell) const { return cell - first_[owner_[cell]]; }
  uint32_t root(uint32_t cell) {
    while (parent_[cell] != cell) cell = parent_[cell] = parent_[parent_[cell]];
    return cell;
  }
  void tie(uint32_t a, uint32_t b) { parent_[root(a)] = root(b); }

 private:
  const ChannelFacts& facts_;
  std::vector<uint32_t> first_, parent_, owner_;
};

class Need {
 public:
  Need(const Graph& g, const ChannelFacts& facts) : g_(g), facts_(facts), cells_(g, facts) {
    for (const NodeId id : g.order()) tie(g.node(id));
    members_.resize(cells_.count());
    for (uint32_t c = 0; c < cells_.count(); ++c) members_[cells_.root(c)].push_back(c);
    needed_.assign(cells_.count(), false);
    for (const NodeId id : g.order()) pin(g.node(id));
    for (const ValueId out : g.outputs()) need_all(out);
    propagate();
    keep_the_last();
  }

  std::vector<std::vector<bool>> result() {
    std::vector<std::vector<bool>> out(g_.value_count());
    for (uint32_t c = 0; c < cells_.count(); ++c) out[cells_.value(c).index].push_back(is_needed(c));
    return out;
  }

 private:
  bool is_needed(uint32_t cell) { return needed_[cells_.root(cell)]; }

  void need(uint32_t cell) {
    const uint32_t root = cells_.root(cell);
    if (needed_[root]) return;
    needed_[root] = true;
    work_.push_back(root);
  }
  void need_all(ValueId v) {
    if (!v.valid()) return;
    for (size_t c = 0; c < cells_.channels(v); ++c) need(cells_.cell(v, c));
  }

  void tie(const Node& n) {
    if (const auto& layer = facts_.layers[n.id.index]; layer && layer->groups > 1) tie_groups(n, *layer);
    const auto& flow = facts_.flows[n.id.index];
    for (size_t k = 0; flow && k < n.inputs.size(); ++k) {
      if (!facts_.values[n.inputs[k].index].tracked()) continue;
      for (size_t i = 0; i < flow->from[k].size(); ++i)
        if (flow->from[k][i] >= 0) cells_.tie(cells_.cell(n.output(), i), cells_.cell(n.inputs[k], static_cast<size_t>(flow->from[k][i])));
    }
  }

  // A group of a convolution goes or stays as a whole.
  void tie_groups(const Node& n, const IntegerLayer& layer) {
    const bool reads = reads_channels(n, layer);
    for (size_t o = 0; o < layer.outputs(); ++o) {
      const size_t group = o / layer.group_out;
      cells_.tie(cells_.cell(n.output(), o), cells_.cell(n.output(), group * layer.group_out));
      for (size_t i = 0; reads && i < layer.group_in; ++i) cells_.tie(cells_.cell(n.output(), o), cells_.cell(n.input(0), group * layer.group_in + i));
    }
  }

  // The layer's input is tracked along the axis that the layer sums over.
  bool reads_channels(const Node& n, const IntegerLayer& layer) const { return facts_.values[n.input(0).index].axis == layer.in_axis; }

  // What no operator here can do without.
  void pin(const Node& n) {
    const auto& layer = facts_.layers[n.id.index];
    const auto& flow = facts_.flows[n.id.index];
    if (layer && reads_channels(n, *layer)) return;
    if (layer) {
      need_all(n.input(0));
      if (layer->groups > 1) need_all(n.output());
      return;
    }
    for (size_t k = 0; k < n.inputs.size(); ++k) {
      const ValueId in = n.inputs[k];
      if (!flow) need_all(in);
      if (flow && !g_.constant(in) && !facts_.values[in.index].tracked()) need_those_of(n, flow->from[k]);
    }
  }
  void need_those_of(const Node& n, const std::vector<int32_t>& from) {
    for (size_t i = 0; i < from.size(); ++i)
      if (from[i] >= 0) need(cells_.cell(n.output(), i));
  }

  void propagate() {
    while (!work_.empty()) {
      const uint32_t root = work_.back();
      work_.pop_back();
      for (const uint32_t cell : members_[root]) need_sources(cells_.value(cell), cells_.channel(cell));
    }
  }

  // What output `o` of the layer that makes `value` is made of, unless it is a constant and made of nothing.
  void need_sources(ValueId value, size_t o) {
    const Node* n = g_.producer(value);
    const auto& layer = facts_.layers[n->id.index];
    if (!layer || layer->groups > 1 || !reads_channels(*n, *layer) || facts_.values[value.index].range[o].constant()) return;
    const Channels& x = facts_.values[n->input(0).index];
    for (size_t i = 0; i < layer->inputs(); ++i)
      if (!is_needed(cells_.cell(n->input(0), i)) && !bias_share(*layer, o, i, x.range[i])) need(cells_.cell(n->input(0), i));
  }

  // A dense layer with a scale for each output multiplies scales in another way than one with a single scale: it keeps two (docs/integer.md).
  size_t fewest(const Node& n) const { return n.op == "dense" && facts_.layers[n.id.index] && g_.constant(n.input(1))->quant().per_channel() ? 2 : 1; }

  void keep_the_last() {
    for (auto id = g_.order().rbegin(); id != g_.order().rend(); ++id) {
      const Node& n = g_.node(*id);
      for (const ValueId v : n.outputs) {
        const size_t least = std::min(fewest(n), v.valid() ? cells_.channels(v) : 0);
        for (size_t c = 0; c < least; ++c)
          if (kept(v) < least) need(cells_.cell(v, c)), propagate();
      }
    }
  }
  size_t kept(ValueId v) {
    size_t count = 0;
    for (size_t c = 0; c < cells_.channels(v); ++c) count += is_needed(cells_.cell(v, c));
    return count;
  }

  const Graph& g_;
  const ChannelFacts& facts_;
  Cells cells_;
  std::vector<std::vector<uint32_t>> members_;
  std::vector<bool> needed_;
  std::vector<uint32_t> work_;
};

}  // namespace

ChannelFacts channel_facts(const Graph& g) {
  ChannelFacts facts{std::vector<Channels>(g.value_count()), std::vector<std::optional<IntegerLayer>>(g.node_count()),
                     std::vector<std::optional<ChannelFlow>>(g.node_count())};
  for (const NodeId id : g.order()) {
    const Node& n = g.node(id);
    if (auto layer = IntegerLayer::of(g, n)) {
      facts.values[n.output().index] = layer_output(g, n, *layer, facts.values);
      facts.layers[id.index] = std::move(layer);
    } else if (any_tracked(n, facts.values)) {
      facts.flows[id.index] = channel_flow(g, n, facts.values);
      if (const auto& flow = facts.flows[id.index]) facts.values[n.output().index] = flow_output(g, n, *flow, facts.values);
    }
  }
  return facts;
}

std::vector<std::vector<bool>> needed_channels(const Graph& graph, const ChannelFacts& facts) { return Need(graph, facts).result(); }

std::optional<int64_t> bias_share(const IntegerLayer& layer, size_t o, size_t i, const Interval& x) {
  if (layer.ignores(o, i) || (x.constant() && x.low == layer.x_zero_point)) return 0;
  const auto sum = x.constant() ? layer.uniform_sum(o, i) : std::nullopt;
  return sum ? std::optional<int64_t>((x.low - layer.x_zero_point) * *sum) : std::nullopt;
}

}  // namespace verge::passes
