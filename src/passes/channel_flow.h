// How operators that work channel by channel carry channels from their inputs to their output.
#pragma once
#include <optional>
#include <vector>

#include "ir/graph.h"
#include "passes/integer_layer.h"

namespace verge::passes {

// What is known of a quantised value channel by channel. Not tracked: nothing, and none of its channels can be told from the others.
struct Channels {
  int axis = -1;
  std::vector<Interval> range;  // one for each index along `axis`
  bool tracked() const { return axis >= 0; }
};

// Channel i of the output is made of channel from[k][i] of input k (-1: of nothing in it) and of nothing else there. `in_axis[k]` is where input k has
// its channels. Inputs with which the output's channels have nothing to do (an optional one that is absent) have an empty `from`.
struct ChannelFlow {
  int axis = -1;
  std::vector<int> in_axis;
  std::vector<std::vector<int32_t>> from;
};

// `known` by ValueId::index; at least one input of the node must be tracked. None for an operator that mixes channels, and for types that are not static 8-bit
// integers with one scale. Layers (integer_layer.h) are another matter.
std::optional<ChannelFlow> channel_flow(const Graph& graph, const Node& node, const std::vector<Channels>& known);

// What the output of such a node can be: in[k][i] is what input k can be in the channel that output channel i is made of.
std::vector<Interval> flow_range(const Graph& graph, const Node& node, const ChannelFlow& flow, const std::vector<std::vector<Interval>>& in);

}  // namespace verge::passes
