// Layers of a pruned network answer again as they did in the whole one: their weights are fitted, without labels.
//
// For each convolution (not depthwise) and dense layer in order, with x the layer's input in the pruned network so far and y the same layer's output in the whole
// network, of the channels that stayed:
//
//   W*, b* = argmin |W* x + b* - y|^2 + damping |W* - W|^2      over windows of x, from samples (He et al. 2017, section 3.1)
#pragma once
#include <functional>
#include <map>
#include <string>

#include "eval/dataset.h"
#include "prune/channels.h"

namespace verge::prune {

// By a layer's name: which of its outputs in the whole network are left, in order. A layer that is not named has all of them.
using KeptOutputs = std::map<std::string, std::vector<int64_t>>;

// `kept` after the removal of more units from `graph`, to which it belongs.
KeptOutputs kept_outputs(const KeptOutputs& kept, const Graph& graph, std::span<const Unit> units, const std::vector<bool>& gone);

// What of a layer is fitted. kBias: the mean of its outputs alone.
enum class Fitted { kNothing, kBias, kAll };

struct ReconstructOptions {
  size_t samples = 256;          // of the data, at most
  size_t windows_a_sample = 24;
  double damping = 0.001;        // of the mean square of the inputs
  std::function<Fitted(const Graph&, const Node&)> fits;  // of the pruned network's layers; none: kAll
};

// Both graphs are prepared, for batches of one, and their layers have the same names. Returns the pruned one with new weights.
Result<Graph> reconstructed(const Graph& whole, Graph pruned, const KeptOutputs& kept, const Dataset& data, const ReconstructOptions& options = {});

}  // namespace verge::prune
