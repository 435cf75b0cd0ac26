// A network whose batch normalisation was folded away gets it back, so that it learns at the rates of one that begins anew.
#pragma once
#include "eval/dataset.h"
#include "ir/graph.h"

namespace verge::train {

// Behind each convolution with constant weights goes a batch normalisation with the mean and variance of its outputs over the first `samples` of `data`, scaled and shifted so that
// the network's answers stay as they were. It takes the convolution's bias over. Layers whose output is normalised already stay. `network`: channels last.
// kUnsupported where there is no such convolution.
Result<Graph> normalised_network(const Graph& network, const Dataset& data, size_t samples = 256);

}  // namespace verge::train
