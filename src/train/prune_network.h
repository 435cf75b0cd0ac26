// The structured pruning of a recipe: channels and blocks leave a network before it is trained further.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "core/json.h"
#include "eval/dataset.h"
#include "train/channel_loss.h"

namespace verge::train {

struct PruneOptions {
  double macs = 1;       // the share of the multiplications that stays; 1: all
  prune::Criterion criterion = prune::Criterion::kTaylor;
  size_t multiple = 8;   // channels of a layer go so many at a time
  size_t rounds = 1;     // the scores are asked anew so many times on the way
  bool reconstruct = true;  // the layers are fitted to what they answered before (prune/reconstruct.h)
  std::vector<std::string> blocks;  // residual branches that go, by the name of the node that ends them
  std::map<std::string, size_t> channels;  // by a layer's name: how many of its outputs stay; before `macs` is asked
  std::vector<std::string> trained;  // as the recipe's: what does not learn is not fitted either; empty: all
  bool any() const { return macs < 1 || !blocks.empty() || !channels.empty(); }
};

struct PrunedNetwork {
  Graph graph;
  Json report;  // macs_before, macs, parameters_before, parameters, layers with channels before and after
};

// kInvalidArgument lists the blocks or layers there are for an unknown name; kBudget when the share cannot be reached. Samples are asked by kTaylor alone.
// `samples`: as the network takes them, one by one; for reconstruction alone.
Result<PrunedNetwork> pruned_network(const Graph& network, const PruneOptions& options, const Examples& examples, const LossOptions& loss, const Dataset& samples);

}  // namespace verge::train
