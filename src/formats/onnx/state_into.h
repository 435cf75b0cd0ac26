// A state dictionary's tensors in the place of an ONNX file's weights: the file is the architecture, and its initializers have the dictionary's names.
#pragma once
#include <string>
#include <vector>

#include "core/bytes.h"
#include "core/result.h"
#include "formats/state/state.h"

namespace verge::formats::onnx {

struct Reweighed {
  Bytes onnx;
  std::vector<std::string> replaced;  // initializers
  std::vector<std::string> kept;      // initializers that the dictionary does not name
};

// Names match as they are, or behind "module.", "model.", "state_dict." and the like that a training program put before them. Floating-point types are
// converted to the initializer's. Every tensor of the dictionary must find its place (counters of batch normalisation and optimiser states aside):
// kInvalidArgument lists those that do not, and those of another shape.
Result<Reweighed> with_state(ByteSpan onnx, const State& state);

}  // namespace verge::formats::onnx
