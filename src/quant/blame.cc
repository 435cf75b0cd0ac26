#include "quant/blame.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "lower/lower.h"
#include "ops/op.h"

namespace verge {
namespace {

// Every value of `wanted` as real numbers, caught as the instruction that writes it ends.
class Tap {
 public:
  static Result<Tap> open(const Graph& graph, const std::vector<ValueId>& wanted) {
    VERGE_TRY(const Lowered lowered, lower(graph));
    VERGE_TRY(Executable executable, Executable::open(lowered.program));
    Tap tap(std::move(executable));
    std::map<uint32_t, size_t> slot_of;
    for (size_t i = 0; i < wanted.size(); ++i) slot_of[lowered.value_tensor[wanted[i].index]] = i;
    const rt::Model& model = tap.executable_.model();
    tap.slots_.resize(model.instruction_count());
    for (size_t n = 0; n < model.instruction_count(); ++n) {
      const rt::InstructionRecord& r = model.instruction(n);
      for (uint32_t o = 0; o < r.out_count; ++o)
        if (const auto it = slot_of.find(model.args(n)[r.in_count + o]); it != slot_of.end()) tap.slots_[n].emplace_back(it->first, it->second);
    }
    tap.values_.resize(wanted.size());
    return tap;
  }
  Result<void> run(const Sample& sample) {
    executable_.session().set_trace({[](void* self, uint32_t n, bool begin) { static_cast<Tap*>(self)->step(n, begin); }, this});
    auto outputs = executable_.run(sample.inputs);
    executable_.session().set_trace({});
    if (!outputs.ok()) return std::move(outputs).error();
    return done();
  }
  const std::vector<float>& value(size_t i) const { return values_[i]; }

 private:
  explicit Tap(Executable executable) : executable_(std::move(executable)) {}
  void step(uint32_t n, bool begin) {
    if (begin) return;
    for (const auto& [tensor, slot] : slots_[n]) {
      const TensorView& view = executable_.session().tensor(tensor);
      const int64_t count = view.shape.count();
      values_[slot].resize(static_cast<size_t>(count));
      if (view.dtype == DataType::kI8) {
        const float scale = view.quant.scale[0];
        const int32_t zero = view.quant.zero_point[0];
        for (int64_t i = 0; i < count; ++i) values_[slot][i] = scale * static_cast<float>(view.as<int8_t>()[i] - zero);
      } else {
        std::copy_n(view.as<float>(), count, values_[slot].begin());
      }
    }
  }

  Executable executable_;
  std::vector<std::vector<std::pair<uint32_t, size_t>>> slots_;
  std::vector<std::vector<float>> values_;
};

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
  VERGE_TRY(Executable executable, Executable::open(lowered.program));
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
    if (from == whole.node_of.end() || whole.graph.type(whole.graph.node(id).output()).dtype != DataType::kI8) continue;
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
  VERGE_TRY(const Predictions reference, predictions_of(graph, data));
  for (size_t i = 0; i < out.size(); ++i) {
    sums[i].fill(out[i]);
    VERGE_TRY(const QuantizedGraph one, quantize_graph(graph, alone(graph, plan, out[i].node)));
    VERGE_TRY(const Predictions p, predictions_of(one.graph, data));
    out[i].alone_agreement = agreement(p, reference);
  }
  return out;
}

Json blame_json(const std::vector<LayerBlame>& blame) {
  Json out = Json::array();
  for (const LayerBlame& b : blame)
    out.push_back({{"name", b.name}, {"op", b.op}, {"macs", b.macs}, {"sqnr_db", b.sqnr_db}, {"cosine", b.cosine}, {"alone_agreement", b.alone_agreement}, {"outlier", b.largest}});
  return out;
}

}  // namespace verge
