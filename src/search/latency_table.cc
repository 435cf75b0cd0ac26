#include "search/latency_table.h"

#include <algorithm>

#include "core/json.h"
#include "eval/bench.h"
#include "lower/lower.h"
#include "ops/op.h"
#include "os/clock.h"

namespace verge::search {
namespace {

constexpr double kSeconds = 0.03;  // of runs, for a layer or a network
constexpr size_t kFewestRuns = 30;

// The node alone: what it computes from is its input, its constants are its own.
Result<Graph> alone(const Graph& graph, const Node& node) {
  Graph g;
  std::vector<ValueId> inputs;
  std::map<uint32_t, ValueId> made;
  for (ValueId v : node.inputs) {
    if (!v.valid())
      inputs.emplace_back();
    else if (made.count(v.index))
      inputs.push_back(made[v.index]);
    else if (const Tensor* constant = graph.constant(v))
      inputs.push_back(made[v.index] = g.add_constant(*constant, graph.value(v).name));
    else
      inputs.push_back(made[v.index] = g.add_input("x" + std::to_string(inputs.size()), graph.type(v)));
  }
  const NodeId id = g.add_node({node.op, inputs, node.attrs, node.name, node.outputs.size(), {}});
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    const ValueId out = g.node(id).outputs[i];
    g.value(out).type = graph.type(node.outputs[i]);
    g.add_output(out, "y" + std::to_string(i));
  }
  return g;
}

// The least time of a run: others on the machine only ever add to it.
Result<double> least_ms(const Graph& graph, int threads) {
  VERGE_TRY(const Lowered lowered, lower(graph, {threads}));
  VERGE_TRY(Executable executable, Executable::open(lowered.program, {threads}));
  const std::vector<Tensor> inputs = random_inputs(executable.model(), 1);
  for (size_t i = 0; i < inputs.size(); ++i) VERGE_CHECK(executable.set_input(i, inputs[i]));
  double least = 1e9, spent = 0;
  for (size_t runs = 0; runs < kFewestRuns || spent < kSeconds * 1e3; ++runs) {
    const double start = now_s();
    VERGE_CHECK(executable.run());
    const double ms = (now_s() - start) * 1e3;
    least = std::min(least, ms), spent += ms;
  }
  return least;
}

std::string attribute_text(const Attr& value) {
  return std::visit(
      [](const auto& v) -> std::string {
        if constexpr (std::is_same_v<std::decay_t<decltype(v)>, Tensor>)
          return TensorType(v.dtype(), v.shape()).text();
        else
          return Json(v).dump();
      },
      value);
}

std::string key_of(const Graph& graph, const Node& node) {
  std::string key = node.op;
  for (const auto& [name, value] : node.attrs) key += " " + name + "=" + attribute_text(value);
  for (ValueId v : node.inputs) key += v.valid() ? " " + graph.type(v).text() : " -";
  return key;
}

}  // namespace

Result<double> LatencyTable::layer_ms(const Graph& graph, const Node& node) {
  const std::string key = key_of(graph, node);
  const auto found = layer_ms_.find(key);
  if (found != layer_ms_.end()) return found->second;
  VERGE_TRY(const Graph one, alone(graph, node));
  VERGE_TRY(const double ms, least_ms(one, threads_), describe(node));
  return layer_ms_[key] = ms;
}

Result<double> LatencyTable::predict_ms(const Graph& graph) {
  double sum = 0;
  for (NodeId id : graph.order()) {
    VERGE_TRY(const double ms, layer_ms(graph, graph.node(id)));
    sum += ms;
  }
  return sum;
}

Result<double> LatencyTable::measure_ms(const Graph& graph) const { return least_ms(graph, threads_); }

}  // namespace verge::search
