// The scales of a quantised Graph as an encodings file of AIMET, version 0.6.1, for converters that quantise a float model by given scales: Qualcomm's
// `qnn-onnx-converter --quantization_overrides`, `qairt-converter`. Tensors go by their names in the float model.
//
//   real = scale * (q + offset), q from 0; symmetric: offset is minus half of the levels
//   https://quic.github.io/aimet-pages, "Encoding format specification"
#pragma once
#include "core/json.h"
#include "ir/graph.h"

namespace verge::formats {

// Activations one scale each, constant weights one or one a channel, in 8 or 16 bits. Biases have none: converters derive them. kInvalidArgument where nothing is quantised.
Result<Json> encodings_json(const Graph& graph);

}  // namespace verge::formats
