// Cross-layer equalisation: a positive factor that a relu lets through may stand in the layer before or in the layer after.
//
//   y = relu(W x + b);  z = V y     ==     y' = relu(s W x + s b);  z = (V / s) y'       for every s > 0, channel by channel
//
// Channels then get the s that gives their rows and their columns equal ranges, so that one scale for the whole tensor serves all of them.
// Source: Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction", 2019, section 4.1; here over whole groups of channels
// (residual sums, pools, depthwise layers, channel_groups.h), by the geometric mean of their makers and of their readers.
#pragma once
#include "core/result.h"
#include "ir/graph.h"

namespace verge::passes {

struct Equalised {
  size_t groups = 0;   // whose factors changed
  double spread = 1;   // the largest factor over the smallest within one group, before anything was changed
  size_t loosened = 0;  // upper bounds such as relu6's that were widened to the largest of their channels' new bounds: the one change that is not exact
};

// `graph` is prepared and float, and computes the same afterwards, up to `loosened`.
Result<Equalised> equalise_channels(Graph& graph);
// What equalise_channels would find, without changing anything.
double channel_spread(const Graph& graph);

}  // namespace verge::passes
