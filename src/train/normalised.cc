#include "train/normalised.h"

#include <algorithm>
#include <cmath>

#include "ops/op.h"
#include "quant/tap.h"
#include "train/training_graph.h"

namespace verge::train {
namespace {

constexpr double kEpsilon = 1e-3;  // as Keras and the architectures of networks.h

bool is_normalised(const Graph& g, const Node& node) {
  const std::vector<NodeId> users = g.users(node.output());
  return std::any_of(users.begin(), users.end(), [&](NodeId id) { return g.node(id).op == "batch_norm"; });
}

std::vector<NodeId> bare_convolutions(const Graph& g) {
  std::vector<NodeId> out;
  for (NodeId id : g.order()) {
    const Node& node = g.node(id);
    if (node.op == "conv" && g.constant(node.input(1)) && (!node.input(2).valid() || g.constant(node.input(2))) && !is_normalised(g, node)) out.push_back(id);
  }
  return out;
}

// Of one value's channels, its last dimension.
struct Statistics {
  std::vector<double> sum, squares;
  double count = 0;

  explicit Statistics(size_t channels) : sum(channels), squares(channels) {}
  void add(const std::vector<float>& values) {
    for (size_t i = 0; i < values.size(); ++i) {
      const auto v = static_cast<double>(values[i]);
      sum[i % sum.size()] += v, squares[i % sum.size()] += v * v;
    }
    count += static_cast<double>(values.size() / sum.size());
  }
  double mean(size_t c) const { return sum[c] / count; }
  double variance(size_t c) const { return std::max(0.0, squares[c] / count - mean(c) * mean(c)); }
};

Result<std::vector<Statistics>> statistics_of(Graph graph, const std::vector<NodeId>& layers, const Dataset& data, size_t samples) {
  VERGE_CHECK(set_batch(graph, 1));
  std::vector<ValueId> wanted;
  std::vector<Statistics> out;
  for (NodeId id : layers) {
    wanted.push_back(graph.node(id).output());
    out.emplace_back(static_cast<size_t>(graph.type(wanted.back()).dims.back().size));
  }
  VERGE_TRY(Tap tap, Tap::open(graph, wanted));
  for (size_t s = 0; s < std::min(samples, data.size()); ++s) {
    VERGE_TRY(const Sample sample, data.get(s));
    VERGE_CHECK(tap.run(sample));
    for (size_t i = 0; i < out.size(); ++i) out[i].add(tap.value(i));
  }
  return out;
}

// y + b = scale * (y - (mean - b)) / deviation + mean, scale = deviation: the same numbers before anything is learned.
void normalise(Graph& g, NodeId id, const Statistics& statistics) {
  const Node node = g.node(id);
  const Tensor* bias = g.constant(node.input(2));
  std::vector<float> scale, offset, mean, variance;
  for (size_t c = 0; c < statistics.sum.size(); ++c) {
    const double b = bias ? bias->at(static_cast<int64_t>(c)) : 0;
    scale.push_back(static_cast<float>(std::sqrt(statistics.variance(c) + kEpsilon)));
    offset.push_back(static_cast<float>(statistics.mean(c)));
    mean.push_back(static_cast<float>(statistics.mean(c) - b));
    variance.push_back(static_cast<float>(statistics.variance(c)));
  }
  const auto row = [&](const std::vector<float>& values, const char* what) { return g.add_constant(Tensor::of({static_cast<int32_t>(values.size())}, values), node.name + ".norm." + what); };
  g.node(id).inputs.resize(2);
  const ValueId normal = g.add_value("");
  g.replace_uses(node.output(), normal);
  g.add_node({"batch_norm", {node.output(), row(scale, "scale"), row(offset, "bias"), row(mean, "mean"), row(variance, "variance")}, {{"axis", int64_t{-1}}, {"epsilon", kEpsilon}}, node.name + ".norm", 1, {}},
             {normal});
}

}  // namespace

Result<Graph> normalised_network(const Graph& network, const Dataset& data, size_t samples) {
  const std::vector<NodeId> layers = bare_convolutions(network);
  if (layers.empty()) return unsupported("normalise: every convolution is normalised already, or there is none");
  VERGE_TRY(const std::vector<Statistics> statistics, statistics_of(network, layers, data, samples));
  Graph g = network;
  for (size_t i = 0; i < layers.size(); ++i) normalise(g, layers[i], statistics[i]);
  g.sort();
  VERGE_CHECK(ops::infer_types(g));
  return g.compacted();
}

}  // namespace verge::train
