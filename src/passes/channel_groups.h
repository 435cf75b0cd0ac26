// Values whose channels belong together: who scales or removes a channel of one must do it to all of the group, its makers and its readers.
#pragma once
#include <vector>

#include "ir/graph.h"

namespace verge::passes {

struct ChannelGroup {
  int64_t channels = 0;
  bool fixed = false;            // something reads or makes the channels that cannot change with them
  std::vector<ValueId> values;   // their last dimension is the channels
  std::vector<NodeId> makers;    // conv and dense nodes: a row of weights a channel
  std::vector<NodeId> readers;   // conv and dense nodes: a column of weights a channel
  std::vector<NodeId> carriers;  // the operators between
};

enum class ChannelUse {
  kScale,   // operators between must let a positive factor through; a depthwise layer separates its input from its output
  kRemove,  // they must work channel by channel; a depthwise layer ties its output to its input and stands among the carriers
};

// Groups of a prepared float graph (nhwc, fused, no residual input in convolutions), in the order of their first values.
std::vector<ChannelGroup> channel_groups(const Graph& graph, ChannelUse use);

// conv with one input and one output channel a group
bool is_depthwise(const Graph& graph, const Node& node);

}  // namespace verge::passes
