// Post-training quantisation: a float Graph becomes one whose chosen nodes compute in int8 by the integer contract (docs/integer.md).
#pragma once
#include <map>
#include <set>
#include <string>
#include <vector>

#include "quant/calibration.h"

namespace verge {

// Quantised weights that somebody chose with more care than rounding, and the bias that goes with them.
struct LayerWeights {
  Tensor weights;  // int8 with one scale a channel along the rule's axis
  Tensor bias;     // f32; empty where the layer has none
};

// What to do with each value and node. Ids are those of the float graph.
struct QuantPlan {
  std::map<uint32_t, QuantParams> activations;  // by ValueId::index
  std::set<uint32_t> float_nodes;               // by NodeId::index: stay float whatever their rule allows
  std::map<uint32_t, LayerWeights> weights;     // by NodeId::index: instead of the rounded ones
  bool per_tensor_weights = false;              // of those that are rounded: one scale, not one a channel
  bool onnx_rounding = false;                   // sums are rounded once, as an ONNX file means it, instead of TFLM's twice (docs/integer.md)
  bool float_scores = false;                    // a dense layer whose output, perhaps by softmax, is the network's gives its sums as float, without a grid
  int activation_bits = 8;                      // 16: int16 activations where the operator has them; the others stay float
};

// Parameters for every activation that a quantisable node reads or writes, by one method; pass-through values share their source's.
QuantPlan plan_quantization(const Graph& graph, const Calibration& calibration, RangeMethod method, int activation_bits = 8);

struct QuantizedGraph {
  Graph graph;
  std::map<uint32_t, uint32_t> node_of;  // quantised graph's node -> float graph's node, by index
  std::map<uint32_t, ValueId> value_of;  // float graph's value -> the quantised graph's (int8 or float)
  int64_t int8_macs = 0;  // of layers in integers
  int64_t total_macs = 0;
};

// `graph` is prepared (nhwc, fused, no residual input in convolutions) and float. Inputs and outputs keep their types; quantize and dequantize nodes
// stand at the borders between int8 and float parts. Weights become int8 symmetric per output channel, biases int32 (int64 beside int16 activations).
Result<QuantizedGraph> quantize_graph(const Graph& graph, const QuantPlan& plan);

// int8 in [-127, 127], scale = largest magnitude / 127 for each index along `axis`; axis -1: one for all.
Tensor quantize_weights(const Tensor& weights, int axis);

// Whether the operator's rule, types and constants let this node compute in int8.
bool quantizable(const Graph& graph, const Node& node);

}  // namespace verge
