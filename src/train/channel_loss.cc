#include "train/channel_loss.h"

#include <algorithm>
#include <cstring>
#include <map>

#include "lower/executable.h"
#include "ops/op.h"
#include "train/gradient.h"
#include "train/graph_copy.h"
#include "train/trainer.h"

namespace verge::train {
namespace {

constexpr int64_t kBatch = 32;

struct Gates {
  Graph network;                     // with a product by ones behind each layer
  std::vector<ValueId> of;           // the value that gate i multiplies, in the network without gates
  static std::string name(size_t i) { return "channel gate " + std::to_string(i); }
};

bool mixes_channels(const Graph& g, const Node& n) { return n.op == "dense" || (n.op == "conv" && n.integer("groups", 1) == 1); }

Result<Gates> with_gates(const Graph& network) {
  Gates out{network, {}};
  for (NodeId id : network.order()) {
    const ValueId v = network.node(id).outputs[0];
    if (!mixes_channels(network, network.node(id)) || network.is_output(v)) continue;
    const auto channels = static_cast<int32_t>(network.type(v).dims.back().size);
    const ValueId gate = out.network.add_constant(Tensor::of({channels}, std::vector<float>(static_cast<size_t>(channels), 1)), Gates::name(out.of.size()));
    const ValueId gated = out.network.add_value("", network.type(v));
    out.network.replace_uses(v, gated);
    out.network.add_node({"mul", {v, gate}, {}, Gates::name(out.of.size()), 1, {}}, {gated});
    out.of.push_back(v);
  }
  if (!out.network.sort()) return unsupported("the network has a cycle");
  VERGE_CHECK(set_batch(out.network, kBatch));
  return out;
}

std::map<std::string, ValueId> constants_by_name(const Graph& g) {
  std::map<std::string, ValueId> out;
  for (uint32_t i = 0; i < g.value_count(); ++i)
    if (g.value(ValueId{i}).constant) out[g.value(ValueId{i}).name] = ValueId{i};
  return out;
}

// Inputs: samples, targets, gates. Outputs: the loss' derivative by each gate.
Result<Graph> derivative_graph(const Gates& gates, const InputOptions& input) {
  VERGE_TRY(const Graph network, with_normalisation(gates.network, input));
  const std::map<std::string, ValueId> constants = constants_by_name(network);
  Graph g;
  std::map<uint32_t, ValueId> map;
  const ValueId in = network.inputs()[0];
  map[in.index] = g.add_input(network.value(in).name, network.type(in));
  const Node* last = network.producer(network.outputs()[0]);
  const ValueId logits = last->op == "softmax" ? last->input(0) : network.outputs()[0];
  const ValueId target = g.add_input("target", network.type(logits));
  std::vector<ValueId> ones;
  for (size_t i = 0; i < gates.of.size(); ++i) {
    const ValueId gate = constants.at(Gates::name(i));
    ones.push_back(map[gate.index] = g.add_input(Gates::name(i), TensorType(DataType::kF32, network.constant(gate)->shape())));
  }
  append_nodes(network, g, map);
  VERGE_CHECK(ops::infer_types(g));
  const NodeId loss = g.add_node({"cross_entropy", {map.at(logits.index), target}, {}, "loss", 2, {}});
  VERGE_CHECK(ops::infer_node(g, g.node(loss)));
  VERGE_TRY(const std::vector<ValueId> slopes, gradient(g, g.node(loss).outputs[0], ones));
  for (const ValueId s : slopes) g.add_output(s);
  g.remove_dead();
  return g;
}

Result<void> fill(Executable& executable, const Examples& examples, size_t first) {
  const TensorView &x = executable.session().input(0), &target = executable.session().input(1);
  const size_t classes = static_cast<size_t>(target.shape.back(0));
  std::memset(target.mut<float>(), 0, target.bytes());
  for (size_t i = 0; i < kBatch; ++i) {
    VERGE_CHECK(examples.read(first + i, x.mut<uint8_t>() + i * examples.sample_bytes()));
    target.mut<float>()[i * classes + static_cast<size_t>(examples.label(first + i))] = 1;
  }
  return done();
}

}  // namespace

Result<std::vector<double>> channel_losses(const Graph& network, std::span<const prune::Unit> units, const Examples& examples, const LossOptions& options) {
  if (examples.size() < kBatch) return invalid("deciding by loss takes at least " + std::to_string(kBatch) + " samples, there are " + std::to_string(examples.size()));
  VERGE_TRY(const Gates gates, with_gates(network));
  VERGE_TRY(const Graph graph, derivative_graph(gates, options.input));
  VERGE_TRY(const Lowered lowered, lower(graph, {options.threads}));
  VERGE_TRY(Executable executable, Executable::open(lowered.program, {options.threads}));
  std::map<uint32_t, size_t> gate_of;
  for (size_t i = 0; i < gates.of.size(); ++i) gate_of[gates.of[i].index] = i;
  std::vector<double> scores(units.size());
  for (size_t first = 0; first + kBatch <= std::min(options.samples, examples.size()); first += kBatch) {
    VERGE_CHECK(fill(executable, examples, first));
    for (size_t i = 0; i < gates.of.size(); ++i) {
      const TensorView& gate = executable.session().input(2 + i);
      std::fill_n(gate.mut<float>(), gate.shape.count(), 1.0F);
    }
    VERGE_CHECK(executable.run());
    for (size_t u = 0; u < units.size(); ++u) {
      double slope = 0;
      for (const prune::Channel& c : units[u].channels)
        if (const auto gate = gate_of.find(c.value.index); gate != gate_of.end()) slope += static_cast<double>(executable.session().output(gate->second).as<float>()[c.index]);
      scores[u] += slope * slope;
    }
  }
  return scores;
}

}  // namespace verge::train
