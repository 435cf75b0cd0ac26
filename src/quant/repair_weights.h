// Quantised weights that make up for errors: their own rounding, and what the int8 layers before them did to their inputs.
//
// For each layer in order, with x its input in the float network, x^ in the int8 network so far, and y = W x + b:
//   1. W* = argmin |W* x^ - y|^2 + damping |W* - W|^2 over calibration windows, centred; the bias takes the rest of the mean    (bias correction, least squares)
//   2. W* is rounded column by column, each column's error spread over those still to come by the inverse of E[x^ x^T]
// Source of 2: Frantar et al., "GPTQ: Accurate Post-Training Quantization for Generative Pre-trained Transformers", 2022, section 3.
#pragma once
#include <functional>

#include "eval/dataset.h"
#include "quant/quantize.h"

namespace verge {

struct RepairOptions {
  size_t samples = 192;          // of the data, at most
  size_t windows_a_sample = 32;  // of each layer, at least, spread over its output by a fixed rule
  size_t windows = 6000;         // of each layer, about: fewer samples show more each
  size_t runs = 6000;            // of the network, about: deeper ones are repaired on fewer samples, since every layer needs what those before it became
  double damping = 0.01;         // of the mean square of the inputs, at least; more where windows are few
  int bits = 8;                  // of the weights, 2 to 8; layers in groups have 8
  double coarseness = 0;         // above 0, for an entropy coder: the largest layer's step in root mean squares of its row. Layers with fewer weights have finer
                                 // ones, by the root of their share: a bit less a weight then costs all layers the same (bits are ignored)
};

using RepairProgress = std::function<void(size_t layer, size_t layers)>;

// `plan` with the weights of every convolution and dense layer that it quantises chosen anew. Takes a pass over the samples a layer.
Result<QuantPlan> repair_weights(const Graph& graph, QuantPlan plan, const Dataset& data, const RepairOptions& options, const RepairProgress& progress = {});

}  // namespace verge
