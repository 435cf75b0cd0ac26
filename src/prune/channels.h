// Which channels of a float network stand and fall together, and the network without some of them.
//
// A Unit is a set of channels of values that can only go together: an output of a convolution or dense layer, whatever residual sums, normalisations,
// depthwise layers, concatenations, flattenings and pointwise operators make of it, and the columns of weights that read it. Units whose channels run through
// the same values form a family.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "core/result.h"
#include "ir/graph.h"

namespace verge::prune {

struct Channel {
  ValueId value;    // its last dimension is the channels
  int64_t index = 0;
};

struct Unit {
  std::vector<Channel> channels;
  size_t family = 0;
  bool fixed = false;  // something reads or makes it that cannot do without
};

// The network's units, in the order of their first channels. Types are static, layout nhwc.
std::vector<Unit> find_units(const Graph& graph);

// Multiply-accumulates of the network without the units of which `gone` is set.
int64_t macs_without(const Graph& graph, std::span<const Unit> units, const std::vector<bool>& gone);

// The network without them: rows and columns of weights are gone, shapes are smaller. kInvalidArgument where a value would lose its last channel.
Result<Graph> without_units(const Graph& graph, std::span<const Unit> units, const std::vector<bool>& gone);

// A residual sum that can do without one of its sides, so that the layers which only that side needs go.
struct Block {
  NodeId sum;
  ValueId kept, branch;  // the sum's inputs; what goes is `branch`
  std::string name;      // of the node that makes the branch
  int64_t macs = 0;      // that go
};
std::vector<Block> find_blocks(const Graph& graph);
Graph without_block(const Graph& graph, const Block& block);

// What decides which units go: the norm of their rows of weights relative to the layer's mean (Li et al. 2017), or the factors of batch normalisation that they
// pass (Liu et al. 2017). A third, the loss that a unit is worth, needs gradients: train/channel_loss.h.
enum class Criterion { kMagnitude, kNorm, kTaylor };

// One number a unit, fixed ones too. kInvalidArgument for kNorm where a unit passes no batch normalisation.
Result<std::vector<double>> unit_scores(const Graph& graph, std::span<const Unit> units, Criterion criterion);

struct Choice {
  std::vector<bool> gone;  // by unit
  int64_t macs_before = 0, macs = 0;
};

// The units of least score for the work that they save, `multiple` of a family at a time (kernels compute output channels in panels, so single ones
// save little time), until the network's work is at most `share` of `whole_macs`. The last `multiple` channels of a family stay. kBudget when that is not enough.
Result<Choice> choose_units(const Graph& graph, std::span<const Unit> units, std::span<const double> scores, double share, int64_t whole_macs, size_t multiple);

}  // namespace verge::prune
