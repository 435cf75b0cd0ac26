// Channels of quantised values that no input can change, or that nobody needs, are gone: constants go into the biases of their readers, and everything that only fed
// them goes with them. Not one bit of an output changes.
//
//   a = conv x w c                    # channel 1 is -3, whatever x is           a = conv x w' c'        # channel 0 alone
//   y = conv a u b                                                         ->    y = conv a u' b'        # b'[o] = b[o] + u[o, 1] * (-3 - zero point of a)
//   out y                                                                        out y
//
// What a channel can hold is an interval, from every possible input forward, by the integer contract (docs/integer.md): the accumulator's extremes, requantised and
// clamped, are the output's. Padding adds nothing to a sum, so a channel that is constant at another value than the zero point stays where a window reaches into
// padding. A channel that must stay although it is a constant is computed from no input: its weights become zero.
//
// What was proved and removed is left in the graph's metadata, "verge.constant_channels".
#include <algorithm>

#include "core/json.h"
#include "ops/op.h"
#include "passes/channel_facts.h"
#include "passes/pipelines.h"

namespace verge::passes {
namespace {

using Indices = std::vector<size_t>;

Indices kept_indices(const std::vector<bool>& needed) {
  Indices out;
  for (size_t i = 0; i < needed.size(); ++i)
    if (needed[i]) out.push_back(i);
  return out;
}

Indices all_indices(size_t n) { return kept_indices(std::vector<bool>(n, true)); }

template <typename T> std::vector<T> picked(const std::vector<T>& values, const Indices& indices) {
  if (values.size() <= 1) return values;
  std::vector<T> out;
  for (const size_t i : indices) out.push_back(values[i]);
  return out;
}

QuantParams picked(const QuantParams& quant, const Indices& channels) {
  return {picked(quant.scale, channels), picked(quant.zero_point, channels), quant.axis};
}

// The tensor with the given indices along `axis` alone.
Tensor sliced(const Tensor& t, int axis, const Indices& indices) {
  Shape shape = t.shape();
  shape[axis] = static_cast<int32_t>(indices.size());
  Tensor out(t.dtype(), shape);
  const size_t inner = dtype_bytes(t.dtype(), static_cast<size_t>(shape.count(axis + 1, shape.rank)));
  const size_t outer = static_cast<size_t>(shape.count(0, axis)), row = static_cast<size_t>(t.shape()[axis]) * inner;
  uint8_t* to = out.data();
  for (size_t o = 0; o < outer; ++o)
    for (const size_t i : indices) std::memcpy(to, t.bytes().data() + o * row + i * inner, inner), to += inner;
  out.set_quant(t.quant().per_channel() && t.quant().axis == axis ? picked(t.quant(), indices) : t.quant());
  return out;
}

// What a graph costs, for the report.
struct Size {
  int64_t macs = 0, weight_bytes = 0;
};
Size size_of(const Graph& g, const ChannelFacts& facts) {
  Size size;
  for (const NodeId id : g.order()) {
    if (!facts.layers[id.index]) continue;
    size.macs += ops::cost_of(g, g.node(id)).macs;
    size.weight_bytes += g.constant(g.node(id).input(1))->count();
  }
  return size;
}

// Writes the graph without the channels that are not needed.
class Removal {
 public:
  Removal(Graph& graph, const ChannelFacts& facts, const std::vector<std::vector<bool>>& needed) : g_(graph), facts_(facts), needed_(needed) {}

  // The number of nodes that changed.
  size_t run() {
    size_t changed = 0;
    const std::vector<NodeId> order = g_.order();
    for (const NodeId id : order)
      changed += facts_.layers[id.index] ? rewrite_layer(id, *facts_.layers[id.index]) : facts_.flows[id.index] && rewrite_flow(id, *facts_.flows[id.index]);
    return changed;
  }

 private:
  static bool loses(const std::vector<bool>& needed) { return std::find(needed.begin(), needed.end(), false) != needed.end(); }

  const std::vector<bool>& kept_inputs(const Node& n, const IntegerLayer& layer) const {
    static const std::vector<bool> kAll;
    return facts_.values[n.input(0).index].axis == layer.in_axis ? needed_[n.input(0).index] : kAll;
  }

  bool rewrite_layer(NodeId id, const IntegerLayer& layer) {
    const Node& n = g_.node(id);
    const std::vector<bool>&rows = needed_[n.output().index], &columns = kept_inputs(n, layer);
    if (!loses(rows) && !loses(columns)) return false;
    const Indices outputs = kept_indices(rows), inputs = columns.empty() ? all_indices(layer.inputs()) : kept_indices(columns);
    const ValueId weights =
        g_.add_constant(layer.groups > 1 ? sliced(*g_.constant(n.input(1)), 0, outputs) : kept_weights(n, layer, outputs, inputs), g_.value(n.input(1)).name);
    const ValueId bias = new_bias(n, layer, outputs, columns);
    Node& node = g_.node(id);
    if (layer.groups > 1) node.attrs["groups"] = static_cast<int64_t>(outputs.size() / layer.group_out);
    node.inputs = bias.valid() ? std::vector<ValueId>{node.inputs[0], weights, bias} : std::vector<ValueId>{node.inputs[0], weights};
    return true;
  }

  bool made_of_nothing(const Node& n, size_t o) const { return facts_.values[n.output().index].range[o].constant(); }

  // Rows and columns of an ungrouped layer's weights. A row that makes a constant is zero.
  Tensor kept_weights(const Node& n, const IntegerLayer& layer, const Indices& outputs, const Indices& inputs) const {
    const Tensor& w = *g_.constant(n.input(1));
    Tensor out = sliced(sliced(w, 0, outputs), w.shape().rank - 1, inputs);
    const size_t row = static_cast<size_t>(out.count()) / outputs.size();
    for (size_t r = 0; r < outputs.size() && inputs.size() < layer.inputs(); ++r)
      if (made_of_nothing(n, outputs[r])) std::fill_n(out.data() + r * row, row, static_cast<uint8_t>(ops::zero_point(w.quant(), outputs[r])));
    return out;
  }

  ValueId new_bias(const Node& n, const IntegerLayer& layer, const Indices& outputs, const std::vector<bool>& columns) {
    const Tensor* old = g_.constant(n.input(2));
    const auto shares = [&](size_t o) { return share(n, layer, o, columns) != 0; };
    if (!old && std::none_of(outputs.begin(), outputs.end(), shares)) return {};
    Tensor bias(DataType::kI32, {static_cast<int32_t>(outputs.size())});
    for (size_t r = 0; r < outputs.size(); ++r)
      bias.mut<int32_t>()[r] =
          static_cast<int32_t>(static_cast<uint32_t>((old ? old->values<int32_t>()[outputs[r]] : 0) + share(n, layer, outputs[r], columns)));
    if (old) bias.set_quant(old->quant().per_channel() ? picked(old->quant(), outputs) : old->quant());
    return g_.add_constant(std::move(bias), n.input(2).valid() ? g_.value(n.input(2)).name : n.name + ".bias");
  }

  // What is added to the bias of output `o` for the columns that go.
  int64_t share(const Node& n, const IntegerLayer& layer, size_t o, const std::vector<bool>& columns) const {
    if (layer.groups > 1 || !loses(columns)) return 0;
    const std::vector<Interval>& x = facts_.values[n.input(0).index].range;
    if (made_of_nothing(n, o)) return layer.accumulator(o, x).low - bias_of(n, o);
    int64_t sum = 0;
    for (size_t i = 0; i < columns.size(); ++i) sum += columns[i] ? 0 : bias_share(layer, o, i, x[i]).value_or(0);
    return sum;
  }
  int64_t bias_of(const Node& n, size_t o) const {
    const Tensor* bias = g_.constant(n.input(2));
    return bias ? bias->values<int32_t>()[o] : 0;
  }

  bool rewrite_flow(NodeId id, const ChannelFlow& flow) {
    const std::vector<bool>& needed = needed_[g_.node(id).output().index];
    if (!loses(needed)) return false;
    const Indices kept = kept_indices(needed);
    for (size_t k = 0; k < flow.from.size(); ++k) slice_constant(id, k, flow, kept);
    Node& node = g_.node(id);
    if (node.op != "reshape") return true;
    std::vector<int64_t> shape;
    for (const Dim& d : g_.type(node.output()).dims) shape.push_back(d.size);
    shape[static_cast<size_t>(flow.axis)] = static_cast<int64_t>(kept.size());
    node.attrs["shape"] = std::move(shape);
    return true;
  }

  void slice_constant(NodeId id, size_t k, const ChannelFlow& flow, const Indices& kept) {
    const ValueId value = g_.node(id).inputs[k];
    const Tensor* constant = g_.constant(value);
    if (!constant || flow.in_axis[k] < 0) return;
    Indices indices;
    for (const size_t i : kept)
      if (flow.from[k][i] >= 0) indices.push_back(static_cast<size_t>(flow.from[k][i]));
    indices.erase(std::unique(indices.begin(), indices.end()), indices.end());
    const ValueId fresh = g_.add_constant(sliced(*constant, flow.in_axis[k], indices), g_.value(value).name);
    g_.node(id).inputs[k] = fresh;
  }

  Graph& g_;
  const ChannelFacts& facts_;
  const std::vector<std::vector<bool>>& needed_;
};

size_t count_constant(const Channels& c) {
  return static_cast<size_t>(std::count_if(c.range.begin(), c.range.end(), [](const Interval& i) { return i.constant(); }));
}

// One entry for each layer with something to say: its outputs, how many of them are constant, how many are gone.
Json layer_report(const Graph& g, const ChannelFacts& facts, const std::vector<std::vector<bool>>& needed) {
  Json layers = Json::array();
  for (const NodeId id : g.order()) {
    const Node& n = g.node(id);
    if (!facts.layers[id.index]) continue;
    const Channels& y = facts.values[n.output().index];
    const std::vector<bool>& rows = needed[n.output().index];
    const size_t constant = count_constant(y), removed = static_cast<size_t>(std::count(rows.begin(), rows.end(), false));
    if (constant || removed) layers.push_back({{"name", n.name}, {"outputs", rows.size()}, {"constant", constant}, {"removed", removed}});
  }
  return layers;
}

Json report_of(Json layers, const Size& before, const Size& after) {
  size_t constant = 0, removed = 0;
  for (const Json& layer : layers) constant += layer["constant"].get<size_t>(), removed += layer["removed"].get<size_t>();
  return {{"constant", constant},
          {"removed", removed},
          {"macs_before", before.macs},
          {"macs", after.macs},
          {"weights_before", before.weight_bytes},
          {"weights", after.weight_bytes},
          {"layers", std::move(layers)}};
}

}  // namespace

Result<size_t> remove_constant_channels(Graph& graph) {
  graph.remove_dead();
  const ChannelFacts facts = channel_facts(graph);
  const auto needed = needed_channels(graph, facts);
  const Size before = size_of(graph, facts);
  Json layers = layer_report(graph, facts, needed);
  const size_t changed = Removal(graph, facts, needed).run();
  if (!changed) return size_t{0};
  VERGE_CHECK(ops::infer_types(graph));
  graph.metadata["verge.constant_channels"] = report_of(std::move(layers), before, size_of(graph, facts)).dump(-1, ' ', false, Json::error_handler_t::replace);
  return changed;
}

}  // namespace verge::passes
