// Quantisation-aware training: the forward pass rounds weights and activations to the steps of the integer contract (docs/integer.md), with scales that are
// learned too (LSQ, Esser et al. 2020); what is deployed and scored is the integer graph made with those scales.
#pragma once
#include "quant/quantize.h"
#include "train/training_graph.h"

namespace verge::train {

struct QuantisedNetwork {
  Graph graph;                            // prepared: batch normalisation is in the weights, as deployed; with the logarithms of scales as constants
  QuantPlan plan;                         // zero points of the activations
  std::map<uint32_t, Rounding> rounding;  // of activations and weights, by ValueId::index
  std::map<uint32_t, uint32_t> weights;   // a node's index to that of its weights
};

enum class FewLevels : uint8_t { kNo, kTernary, kBinary };  // -1, 0, 1 or -1, 1 times a channel's scale

struct QuantiseOptions {
  int weight_bits = 8;      // 2 to 8: -2^(bits - 1) + 1 and up, with two bits from -2
  int activation_bits = 8;  // 2 to 8, of what layers with weights multiply; sums that no such layer reads keep 8
  int end_bits = 8;         // of the first and the last layer's weights and of what they read
  FewLevels few_levels = FewLevels::kNo;  // of the other layers' weights, instead of weight_bits
};

// `network`: float, of any batch. Scales begin where `samples` say, inputs of batch 1.
Result<QuantisedNetwork> quantised_network(const Graph& network, const Dataset& samples, const QuantiseOptions& options);

// `trained`: a quantised network's graph with other constants.
Result<Graph> integer_graph(const QuantisedNetwork& network, const Graph& trained, int64_t batch);

}  // namespace verge::train
