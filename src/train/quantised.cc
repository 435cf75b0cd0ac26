#include "train/quantised.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "ops/op.h"
#include "passes/pipelines.h"

namespace verge::train {
namespace {

using ops::QuantRule;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

QuantRule rule_of(const Graph& graph, const Node& node) {
  const ops::OpDef* def = ops::find_op(node.op);
  return def && def->methods->quant ? def->methods->quant(graph, node) : QuantRule{};
}

// Prepared for int8, for samples one by one.
Result<Graph> prepared(Graph g) {
  VERGE_CHECK(set_batch(g, 2));  // no pass takes a batch of 1 for granted
  VERGE_CHECK(passes::prepare_unfused(g));
  VERGE_CHECK(set_batch(g, 2));
  g = g.compacted();
  VERGE_CHECK(set_batch(g, 1));
  return g;
}

bool takes_clamp(const Node& node) { return node.op == "conv" || node.op == "dense" || node.op == "add"; }

// The levels' ends as bounds of the node itself: int8 kernels keep to them.
void clamp_to_levels(Node& node, const Rounding& rounding, double scale) {
  node.attrs["clamp_min"] = std::max(node.real("clamp_min", -kInfinity), scale * rounding.low);
  node.attrs["clamp_max"] = std::min(node.real("clamp_max", kInfinity), scale * rounding.high);
}

// Channels of the weights along the rule's axis: [channels, inner].
struct Channels {
  size_t count, inner;
  Channels(const Tensor& w, int axis) : count(static_cast<size_t>(w.shape()[axis])), inner(static_cast<size_t>(w.count()) / count) {}
};

double rounding_error(const float* w, size_t n, double scale, double low, double high) {
  double error = 0;
  for (size_t i = 0; i < n; ++i) error += std::pow(scale * std::clamp(std::nearbyint(w[i] / scale), low, high) - w[i], 2);
  return error;
}

// The scale that loses least of n weights when they are rounded to low..high.
double best_scale(const float* w, size_t n, double low, double high) {
  double largest = 0;
  for (size_t i = 0; i < n; ++i) largest = std::max(largest, std::fabs(static_cast<double>(w[i])));
  if (largest == 0) return 1;
  double best = largest / high, least = rounding_error(w, n, best, low, high);
  for (int step = 20; step < 100; step += 2) {
    const double scale = largest / high * step / 100, error = rounding_error(w, n, scale, low, high);
    if (error < least) best = scale, least = error;
  }
  return best;
}

// What loses least where weights become their signs times a scale (Rastegari et al. 2016).
double mean_size(const float* w, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; ++i) sum += std::fabs(static_cast<double>(w[i]));
  return sum > 0 ? sum / static_cast<double>(n) : 1;
}

class Maker {
 public:
  Maker(QuantisedNetwork& network, const QuantiseOptions& options) : n_(network), o_(options) {
    for (NodeId id : n_.graph.order())
      if (rule_of(n_.graph, n_.graph.node(id)).weight_input >= 0 && quantizable(n_.graph, n_.graph.node(id))) layers_.push_back(id);
  }

  Result<void> run() {
    for (ValueId in : n_.graph.inputs()) add_activation(in, 8);
    for (NodeId id : n_.graph.order()) {
      const Node node = n_.graph.node(id);
      if (!quantizable(n_.graph, node)) continue;
      const QuantRule rule = rule_of(n_.graph, node);
      if (rule.kind == QuantRule::Kind::kCompute) add_activation(node.output(), takes_clamp(node) ? activation_bits(node.output()) : 8);
      if (rule.weight_input < 0) continue;
      if (rule.weight_axis != 0) return unsupported(describe(node) + ": its weights' channels are not its first dimension");
      add_weights(node, node.input(static_cast<size_t>(rule.weight_input)), levels(node.id));
    }
    return done();
  }

 private:
  bool is_end(NodeId layer) const { return layer == layers_.front() || layer == layers_.back(); }

  struct Levels {
    double least, most;
    bool binary = false;
  };
  Levels levels(NodeId layer) const {
    if (!is_end(layer) && o_.few_levels != FewLevels::kNo) return {-1, 1, o_.few_levels == FewLevels::kBinary};
    const int bits = is_end(layer) ? o_.end_bits : o_.weight_bits;
    const double most = std::pow(2.0, bits - 1) - 1;
    return {bits == 2 ? -2 : -most, most};
  }

  // The fewest bits that a layer with weights reads `value` with, behind what only moves it; 8 where none does.
  int activation_bits(ValueId value) const {
    int bits = 8;
    for (NodeId id : n_.graph.users(value)) {
      const Node& reader = n_.graph.node(id);
      const QuantRule rule = rule_of(n_.graph, reader);
      if (rule.kind == QuantRule::Kind::kPassThrough) bits = std::min(bits, activation_bits(reader.output()));
      if (std::find(layers_.begin(), layers_.end(), id) != layers_.end()) bits = std::min(bits, is_end(id) ? o_.end_bits : o_.activation_bits);
    }
    return bits;
  }

  // Few levels take their share of the int8 range: the scale is as much larger.
  void add_activation(ValueId value, int bits) {
    const auto found = n_.plan.activations.find(value.index);
    if (found == n_.plan.activations.end()) return;
    const double levels = std::pow(2.0, bits) - 1, wider = 255 / levels;
    QuantParams& q = found->second;
    const double zero = std::nearbyint((q.zero_point[0] + 128) / wider);
    q.zero_point[0] = static_cast<int32_t>(zero) - 128;
    add_scale(value, {q.scale[0] * static_cast<float>(wider)}, Shape{1}, -zero, levels - zero);
  }

  void add_weights(const Node& node, ValueId value, const Levels& levels) {
    const Tensor& w = *n_.graph.constant(value);
    const Channels channels(w, 0);
    std::vector<float> scales;
    for (size_t c = 0; c < channels.count; ++c) {
      const float* of = w.values<float>().data() + c * channels.inner;
      scales.push_back(static_cast<float>(levels.binary ? mean_size(of, channels.inner) : best_scale(of, channels.inner, levels.least, levels.most)));
    }
    Shape shape = w.shape();
    for (int i = 1; i < shape.rank; ++i) shape[i] = 1;
    add_scale(value, scales, shape, levels.least, levels.most);
    n_.rounding[value.index].binary = levels.binary;
    n_.weights[node.id.index] = value.index;
  }

  void add_scale(ValueId value, std::vector<float> scales, const Shape& shape, double low, double high) {
    for (float& s : scales) s = std::log(s);
    const std::string name = n_.graph.value(value).name + ".scale";
    n_.rounding[value.index] = {n_.graph.add_constant(Tensor::of(shape, scales), name), low, high};
  }

  QuantisedNetwork& n_;
  const QuantiseOptions& o_;
  std::vector<NodeId> layers_;  // with weights, in order
};

std::vector<float> scales_of(const Graph& trained, const Rounding& rounding) {
  const std::span<const float> stored = trained.constant(rounding.scale)->values<float>();
  std::vector<float> out(stored.begin(), stored.end());
  if (!rounding.fixed)
    for (float& s : out) s = std::exp(s);
  return out;
}

LayerWeights rounded_weights(const Graph& trained, const Node& node, const Rounding& rounding, const QuantRule& rule) {
  const Tensor& w = *trained.constant(node.input(static_cast<size_t>(rule.weight_input)));
  const Channels channels(w, 0);
  QuantParams q{scales_of(trained, rounding), {}, 0};
  q.zero_point.assign(q.scale.size(), 0);
  const bool per_channel = q.scale.size() == channels.count;
  if (!per_channel) q.axis = -1;
  LayerWeights out{Tensor(DataType::kI8, w.shape()), {}};
  const std::span<int8_t> to = out.weights.mut<int8_t>();
  for (size_t i = 0; i < to.size(); ++i) {
    const double x = static_cast<double>(w.values<float>()[i]) / q.scale[per_channel ? i / channels.inner : 0];
    to[i] = static_cast<int8_t>(rounding.binary ? (x > 0 ? 1 : -1) : std::clamp(std::nearbyint(x), rounding.low, rounding.high));
  }
  out.weights.set_quant(std::move(q));
  const ValueId bias = rule.bias_input >= 0 ? node.input(static_cast<size_t>(rule.bias_input)) : ValueId{};
  if (bias.valid()) out.bias = *trained.constant(bias);
  return out;
}

}  // namespace

Result<QuantisedNetwork> quantised_network(const Graph& network, const Dataset& samples, const QuantiseOptions& options) {
  QuantisedNetwork out;
  VERGE_TRY(out.graph, prepared(network));
  VERGE_TRY(const Calibration stats, Calibration::run(out.graph, samples));
  out.plan = plan_quantization(out.graph, stats, RangeMethod::kMse);
  VERGE_CHECK(Maker(out, options).run());
  return out;
}

Result<Graph> integer_graph(const QuantisedNetwork& network, const Graph& trained, int64_t batch) {
  Graph g = trained;
  VERGE_CHECK(set_batch(g, batch));
  QuantPlan plan = network.plan;
  for (const auto& [value, rounding] : network.rounding)
    if (const auto found = plan.activations.find(value); found != plan.activations.end()) found->second.scale[0] = scales_of(g, rounding)[0];
  for (NodeId id : g.order()) {
    Node& node = g.node(id);
    const QuantRule rule = rule_of(g, node);
    if (const auto levels = network.rounding.find(node.output().index); takes_clamp(node) && levels != network.rounding.end() && levels->second.high - levels->second.low < 255)
      clamp_to_levels(node, levels->second, plan.activations.at(node.output().index).scale[0]);
    if (const auto weights = network.weights.find(id.index); weights != network.weights.end()) plan.weights[id.index] = rounded_weights(g, node, network.rounding.at(weights->second), rule);
    if (rule.kind != QuantRule::Kind::kPassThrough) continue;
    const auto source = plan.activations.find(node.input(0).index);
    if (source != plan.activations.end()) plan.activations[node.output().index] = source->second;
  }
  VERGE_TRY(QuantizedGraph made, quantize_graph(g, plan));
  return std::move(made.graph);
}

}  // namespace verge::train
