// How much the loss depends on each unit of channels: the square of its derivative by a factor on those channels, summed over batches
// (first-order Taylor, Molchanov et al. 2019, with a gate behind each layer that makes the channels).
#pragma once
#include "prune/channels.h"
#include "train/examples.h"
#include "train/training_graph.h"

namespace verge::train {

struct LossOptions {
  InputOptions input;
  size_t samples = 1024;  // the first of the examples, in batches of 32
  int threads = 1;
};

// One number a unit; those that no layer makes have 0. `units` are the network's; the network gives a number for each class. kInvalidArgument: too few samples.
Result<std::vector<double>> channel_losses(const Graph& network, std::span<const prune::Unit> units, const Examples& examples, const LossOptions& options);

}  // namespace verge::train
