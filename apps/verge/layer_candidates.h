// Every way in which this build can compute one layer on this processor, timed.
#pragma once
#include <string>
#include <vector>

#include "core/result.h"

namespace verge::cli {

// A convolution with padding that keeps the size (before the stride), or rows of a dense layer as pixels.
struct LayerShape {
  int32_t height = 1, width = 1, in = 1, out = 1, kernel_h = 1, kernel_w = 1, stride = 1;
};

// "56x56x64:128", "56x56x64:64:3x3", "56x56x64:64:3x3:2" (input, outputs, kernel, stride) or, of a dense layer, "128x384:1536" (rows x inputs, outputs).
Result<LayerShape> parse_layer(const std::string& text);

struct LayerCandidate {
  std::string form;       // of its numbers: "f32", "bf16", "int8"
  std::string algorithm;  // "direct", "winograd", or blocks of another size
  std::string kernel;     // of the products, and what it is written for
  std::string isa;
  double min_ms = 0;
  bool chosen = false;  // of its form: by lowering, the processor and what verge tune has stored, as they stand
};

// One thread; least time of interleaved rounds.
Result<std::vector<LayerCandidate>> time_layer(const LayerShape& shape);

}  // namespace verge::cli
