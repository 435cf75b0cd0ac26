#include "quant/blame.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "eval/by_parts.h"
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
  void merge(const Sums& other) {
    signal += other.signal, noise += other.noise, dot += other.dot, this->other += other.other, sum += other.sum, count += other.count;
    largest = std::max(largest, other.largest);
  }
  void fill(LayerBlame& out) const {
    out.sqnr_db = noise > 0 ? 10 * std::log10(std::max(signal, 1e-30) / noise) : 200;
    out.cosine = signal > 0 && other > 0 ? dot / std::sqrt(signal * other) : 1;
    const double mean = count > 0 ? sum / count : 0, variance = count > 0 ? signal / count - mean * mean : 0;
    out.largest = variance > 0 ? largest / std::sqrt(variance) : 0;
  }
};

// As many of the layers as may be looked at in one pass: their values are held.
size_t layers_at_once(const Graph& graph, std::span<const ValueId> values) {
  constexpr int64_t kMost = 2'000'000;  // values
  int64_t held = 0;
  size_t count = 0;
  for (; count < values.size() && (count == 0 || held + graph.type(values[count]).shape().count() <= kMost); ++count) held += graph.type(values[count]).shape().count();
  return count;
}

// Both networks side by side, value by value.
Result<std::vector<Sums>> compare(const Graph& graph, const std::vector<ValueId>& real, const Graph& int8, const std::vector<ValueId>& rounded, const Dataset& data) {
  VERGE_TRY(const Tap float_tap, Tap::open(graph, real));
  VERGE_TRY(const Tap int8_tap, Tap::open(int8, rounded));
  constexpr size_t kParts = 2;
  std::vector<std::vector<Sums>> sums(kParts, std::vector<Sums>(real.size()));
  VERGE_CHECK(by_parts(data.size(), kParts, [&](size_t part, size_t begin, size_t end) -> Result<void> {
    VERGE_TRY(Tap in_float, float_tap.another());
    VERGE_TRY(Tap in_int8, int8_tap.another());
    for (size_t s = begin; s < end; ++s) {
      VERGE_TRY(const Sample sample, data.get(s));
      VERGE_CHECK(in_float.run(sample));
      VERGE_CHECK(in_int8.run(sample));
      for (size_t i = 0; i < real.size(); ++i) sums[part][i].add(in_float.value(i), in_int8.value(i));
    }
    return done();
  }));
  for (size_t i = 0; i < real.size(); ++i) sums[0][i].merge(sums[1][i]);
  return std::move(sums[0]);
}

Result<Predictions> predictions_of(const Graph& graph, const Dataset& data) {
  VERGE_TRY(const Lowered lowered, lower(graph));
  return predict_side_by_side(lowered, data);
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
    const Node& made = whole.graph.node(id);
    const bool integers = whole.graph.type(made.output()).quantized() || (made.inputs.size() > 1 && whole.graph.type(made.input(1)).quantized());
    if (from == whole.node_of.end() || !integers) continue;
    const Node& node = graph.node(NodeId{from->second});
    if (ops::find_op(node.op)->methods->quant(graph, node).kind == ops::QuantRule::Kind::kPassThrough) continue;
    out.push_back({node.id.index, node.name, node.op, ops::cost_of(graph, node).macs});
    real.push_back(node.output());
    rounded.push_back(whole.graph.node(id).output());
  }
  for (size_t first = 0; first < out.size();) {
    const size_t count = layers_at_once(graph, std::span(real).subspan(first));
    const std::vector<ValueId> in_float(real.begin() + static_cast<ptrdiff_t>(first), real.begin() + static_cast<ptrdiff_t>(first + count));
    const std::vector<ValueId> in_int8(rounded.begin() + static_cast<ptrdiff_t>(first), rounded.begin() + static_cast<ptrdiff_t>(first + count));
    VERGE_TRY(const std::vector<Sums> sums, compare(graph, in_float, whole.graph, in_int8, data));
    for (size_t i = 0; i < count; ++i) sums[i].fill(out[first + i]);
    first += count;
  }
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
