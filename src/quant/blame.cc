#include "quant/blame.h"

#include <algorithm>
#include <cmath>

#include "lower/lower.h"
#include "ops/op.h"
#include "quant/tap.h"

namespace verge {
namespace {

struct Sums {
  double signal = 0, noise = 0, dot = 0, other = 0, sum = 0, count = 0, largest = 0;
  void add(const std::vector<float>& real, const std::vector<float>& rounded) {
    for (size_t i = 0; i < std::min(real.size(), rounded.size()); ++i) {
      const double x = real[i], y = rounded[i];
      signal += x * x;
      noise += (x - y) * (x - y);
      dot += x * y;
      other += y * y;
      sum += x;
      largest = std::max(largest, std::fabs(x));
      ++count;
    }
  }
  void fill(LayerBlame& out) const {
    out.sqnr_db = noise > 0 ? 10 * std::log10(std::max(signal, 1e-30) / noise) : 200;
    out.cosine = signal > 0 && other > 0 ? dot / std::sqrt(signal * other) : 1;
    const double mean = count > 0 ? sum / count : 0, variance = count > 0 ? signal / count - mean * mean : 0;
    out.largest = variance > 0 ? largest / std::sqrt(variance) : 0;
  }
};

Result<Predictions> predictions_of(const Graph& graph, const Dataset& data) {
  VERGE_TRY(const Lowered lowered, lower(graph));
  VERGE_TRY(Executable executable, Executable::open(lowered.program, untimed(lowered)));
  return predict(executable, data);
}

// The plan in which every node that does arithmetic stays float but this one.
QuantPlan alone(const Graph& graph, const QuantPlan& plan, uint32_t node) {
  QuantPlan out = plan;
  for (NodeId id : graph.order())
    if (id.index != node) out.float_nodes.insert(id.index);
  return out;
}

}  // namespace

Result<std::vector<LayerBlame>> blame_layers(const Graph& graph, const QuantPlan& plan, const Dataset& data) {
  VERGE_TRY(const QuantizedGraph whole, quantize_graph(graph, plan));
  std::vector<LayerBlame> out;
  std::vector<ValueId> real, rounded;
  for (NodeId id : whole.graph.order()) {
    const auto from = whole.node_of.find(id.index);
    if (from == whole.node_of.end() || !whole.graph.type(whole.graph.node(id).output()).quantized()) continue;
    const Node& node = graph.node(NodeId{from->second});
    if (ops::find_op(node.op)->methods->quant(graph, node).kind == ops::QuantRule::Kind::kPassThrough) continue;
    out.push_back({node.id.index, node.name, node.op, ops::cost_of(graph, node).macs});
    real.push_back(node.output());
    rounded.push_back(whole.graph.node(id).output());
  }
  VERGE_TRY(Tap float_tap, Tap::open(graph, real));
  VERGE_TRY(Tap int8_tap, Tap::open(whole.graph, rounded));
  std::vector<Sums> sums(out.size());
  for (size_t s = 0; s < data.size(); ++s) {
    VERGE_TRY(const Sample sample, data.get(s));
    VERGE_CHECK(float_tap.run(sample));
    VERGE_CHECK(int8_tap.run(sample));
    for (size_t i = 0; i < out.size(); ++i) sums[i].add(float_tap.value(i), int8_tap.value(i));
  }
  for (size_t i = 0; i < out.size(); ++i) sums[i].fill(out[i]);
  return out;
}

Result<void> blame_by_return(const Graph& graph, const QuantPlan& plan, const Dataset& data, std::vector<LayerBlame>& layers) {
  VERGE_TRY(const Predictions reference, predictions_of(graph, data));
  for (LayerBlame& layer : layers) {
    VERGE_TRY(const QuantizedGraph one, quantize_graph(graph, alone(graph, plan, layer.node)));
    VERGE_TRY(const Predictions p, predictions_of(one.graph, data));
    layer.alone_agreement = agreement(p, reference);
    QuantPlan rest = plan;
    rest.float_nodes.insert(layer.node);
    VERGE_TRY(const QuantizedGraph others, quantize_graph(graph, rest));
    VERGE_TRY(const Predictions q, predictions_of(others.graph, data));
    layer.without_agreement = agreement(q, reference);
    layer.without_db = signal_to_noise_db(q, reference);
  }
  return done();
}

Json blame_json(const std::vector<LayerBlame>& blame) {
  Json out = Json::array();
  for (const LayerBlame& b : blame)
    out.push_back({{"name", b.name}, {"op", b.op}, {"macs", b.macs}, {"sqnr_db", b.sqnr_db}, {"cosine", b.cosine}, {"alone_agreement", b.alone_agreement < 0 ? Json() : Json(b.alone_agreement)},
                   {"without_agreement", b.without_agreement < 0 ? Json() : Json(b.without_agreement)}, {"without_db", b.without_agreement < 0 ? Json() : Json(b.without_db)}, {"outlier", b.largest}});
  return out;
}

}  // namespace verge
