// What is known of the channels of a quantised graph: how they are connected, what they can hold over every possible input, which of them anybody needs.
#pragma once
#include <optional>
#include <vector>

#include "passes/channel_flow.h"
#include "passes/integer_layer.h"

namespace verge::passes {

struct ChannelFacts {
  std::vector<Channels> values;                     // by ValueId::index
  std::vector<std::optional<IntegerLayer>> layers;  // by NodeId::index
  std::vector<std::optional<ChannelFlow>> flows;    // likewise
};

// Interval analysis forward through the graph. Types are inferred; the facts point into the graph's constants.
ChannelFacts channel_facts(const Graph& graph);

// Which channels of each tracked value must stay, by ValueId::index; empty for other values.
//
// A channel goes when each of its readers does without it: a layer whose weights for it are zero wherever the output is needed, or which sees a constant that its
// bias can carry; an operator that works channel by channel when the channel that it makes of it goes too. Channels that such an operator ties together
// go together or stay together. What graph outputs and operators that mix channels read stays, and so does the last channel of a value.
std::vector<std::vector<bool>> needed_channels(const Graph& graph, const ChannelFacts& facts);

// What the bias of output `o` takes over from channel `i` of x when the channel goes; none when it cannot go for this output.
std::optional<int64_t> bias_share(const IntegerLayer& layer, size_t o, size_t i, const Interval& x);

}  // namespace verge::passes
