#include "train/prune_network.h"

#include <algorithm>
#include <cmath>

#include "core/text.h"
#include "prune/reconstruct.h"

namespace verge::train {
namespace {

int64_t work(const Graph& g) { return prune::macs_without(g, {}, {}); }

int64_t parameters(const Graph& g) {
  int64_t n = 0;
  for (uint32_t i = 0; i < g.value_count(); ++i)
    if (const Tensor* t = g.constant(ValueId{i}); t && t->dtype() == DataType::kF32) n += t->count();
  return n;
}

// By name: output channels of the layers.
std::map<std::string, int64_t> widths(const Graph& g) {
  std::map<std::string, int64_t> out;
  for (NodeId id : g.order())
    if (g.node(id).op == "conv" || g.node(id).op == "dense") out[g.node(id).name] = g.type(g.node(id).output()).dims.back().size;
  return out;
}

Json layer_report(const Graph& before, const Graph& after) {
  Json out = Json::array();
  const std::map<std::string, int64_t> then = widths(after);
  for (const auto& [name, channels] : widths(before)) {
    const auto found = then.find(name);
    out.push_back({{"name", name}, {"before", channels}, {"after", found == then.end() ? 0 : found->second}});
  }
  return out;
}

Result<Graph> without_named(const Graph& network, const std::string& name) {
  std::vector<std::string> known;
  for (const prune::Block& block : prune::find_blocks(network)) {
    if (block.name == name) return prune::without_block(network, block);
    known.push_back("'" + block.name + "'" + format(" (%.1f %%)", 100.0 * static_cast<double>(block.macs) / static_cast<double>(work(network))));
  }
  return invalid("prune.blocks: no residual sum can do without '" + name + "'; these can go, with their share of the multiplications: " + (known.empty() ? "none" : join(known, ", ")));
}

Result<std::vector<double>> scores_of(const Graph& g, std::span<const prune::Unit> units, const PruneOptions& options, const Examples& examples, const LossOptions& loss) {
  return options.criterion == prune::Criterion::kTaylor ? channel_losses(g, units, examples, loss) : prune::unit_scores(g, units, options.criterion);
}

Result<NodeId> layer_named(const Graph& g, const std::string& name) {
  for (NodeId id : g.order())
    if (g.node(id).name == name && widths(g).count(name)) return id;
  std::vector<std::string> known;
  for (const auto& [layer, channels] : widths(g)) known.push_back(format("'%s' (%lld)", layer.c_str(), static_cast<long long>(channels)));
  return invalid("prune.channels: there is no convolution or dense layer '" + name + "'; these have so many: " + join(known, ", "));
}

// The units of least score among a layer's outputs, so that `stay` are left.
Result<std::vector<bool>> all_but(const Graph& g, NodeId layer, size_t stay, std::span<const prune::Unit> units, std::span<const double> scores) {
  const ValueId output = g.node(layer).output();
  std::vector<size_t> of_layer;
  for (size_t u = 0; u < units.size(); ++u)
    if (!units[u].fixed && std::any_of(units[u].channels.begin(), units[u].channels.end(), [&](const prune::Channel& c) { return c.value == output; })) of_layer.push_back(u);
  if (stay < 1 || stay > of_layer.size())
    return invalid(format("prune.channels: %zu of '%s' shall stay, %zu could go", stay, g.node(layer).name.c_str(), of_layer.size()));
  std::stable_sort(of_layer.begin(), of_layer.end(), [&](size_t a, size_t b) { return scores[a] < scores[b]; });
  std::vector<bool> gone(units.size());
  for (size_t i = 0; i + stay < of_layer.size(); ++i) gone[of_layer[i]] = true;
  return gone;
}

bool is_last_layer(const Graph& g, const Node& node) {
  NodeId last;
  for (NodeId id : g.order())
    if (g.node(id).op == "conv" || g.node(id).op == "dense") last = id;
  return node.id == last;
}

// What of a layer may change by the recipe's `trained`.
prune::Fitted fitted_of(const Graph& g, const Node& node, const std::vector<std::string>& trained) {
  const auto lists = [&](const std::string& name) { return std::find(trained.begin(), trained.end(), name) != trained.end(); };
  const std::string& weights = g.value(node.input(1)).name;
  if (trained.empty() || (lists("head") && is_last_layer(g, node))) return prune::Fitted::kAll;
  if (std::any_of(trained.begin(), trained.end(), [&](const std::string& prefix) { return starts_with(weights, prefix); })) return prune::Fitted::kAll;
  return lists("biases") ? prune::Fitted::kBias : prune::Fitted::kNothing;
}

Result<Graph> refitted(Graph whole, Graph pruned, const prune::KeptOutputs& kept, const Dataset& samples, const std::vector<std::string>& trained) {
  VERGE_CHECK(set_batch(whole, 1));
  VERGE_CHECK(set_batch(pruned, 1));
  prune::ReconstructOptions options;
  options.fits = [&](const Graph& g, const Node& node) { return fitted_of(g, node, trained); };
  VERGE_TRY(Graph fitted, prune::reconstructed(whole, std::move(pruned), kept, samples, options));
  VERGE_CHECK(set_batch(fitted, 2));
  return fitted.compacted();
}

}  // namespace

Result<PrunedNetwork> pruned_network(const Graph& network, const PruneOptions& options, const Examples& examples, const LossOptions& loss, const Dataset& samples) {
  Graph g = network;
  VERGE_CHECK(set_batch(g, 2));
  const Graph whole = g;
  for (const std::string& name : options.blocks) {
    VERGE_TRY(g, without_named(g, name));
  }
  prune::KeptOutputs kept;
  const auto remove = [&](std::span<const prune::Unit> units, const std::vector<bool>& gone) -> Result<void> {
    kept = prune::kept_outputs(kept, g, units, gone);
    VERGE_TRY(g, prune::without_units(g, units, gone));
    return done();
  };
  for (const auto& [name, stay] : options.channels) {
    VERGE_TRY(const NodeId layer, layer_named(g, name));
    const std::vector<prune::Unit> units = prune::find_units(g);
    VERGE_TRY(const std::vector<double> scores, scores_of(g, units, options, examples, loss));
    VERGE_TRY(const std::vector<bool> gone, all_but(g, layer, stay, units, scores));
    VERGE_CHECK(remove(units, gone));
  }
  const double start = std::min(1.0, static_cast<double>(work(g)) / static_cast<double>(work(whole)));
  for (size_t round = 1; round <= options.rounds && start > options.macs; ++round) {
    const double share = start * std::pow(options.macs / start, static_cast<double>(round) / static_cast<double>(options.rounds));
    const std::vector<prune::Unit> units = prune::find_units(g);
    VERGE_TRY(const std::vector<double> scores, scores_of(g, units, options, examples, loss));
    VERGE_TRY(const prune::Choice choice, prune::choose_units(g, units, scores, share, work(whole), options.multiple));
    VERGE_CHECK(remove(units, choice.gone));
  }
  Json report = {{"macs_before", work(whole)}, {"macs", work(g)}, {"parameters_before", parameters(whole)}, {"parameters", parameters(g)}, {"layers", layer_report(whole, g)}};
  if (options.reconstruct) {
    VERGE_TRY(g, refitted(whole, std::move(g), kept, samples, options.trained));
  }
  return PrunedNetwork{std::move(g), std::move(report)};
}

}  // namespace verge::train
