// Operators that scale and shift each channel, seen as such.
#pragma once
#include <optional>
#include <vector>

#include "ir/graph.h"

namespace verge::passes {

// y[.., c, ..] = scale[c] * x[.., c, ..] + shift[c]
struct ChannelAffine {
  std::vector<double> scale, shift;
};

// Where the output of a conv, conv_transpose, pool or dense node has its channels: a dimension, counted from the front. -1 when its rank is not known.
int channel_axis(const Graph& graph, const Node& node);

// What batch_norm, or add, sub, mul, div with a constant, does to input `x` of the node, if that is one number for each of `channels` along `axis`.
std::optional<ChannelAffine> channel_affine(const Graph& graph, const Node& node, size_t x, int axis, int64_t channels);

}  // namespace verge::passes
