// Scales and zero points of ONNX operators as QuantParams.
#pragma once
#include "formats/onnx/node_context.h"

namespace verge::formats::onnx {

// From the inputs at `scale` and `zero_point` (absent: 0). `axis` counts where they are lists. nullopt when they are computed by the model.
Result<std::optional<QuantParams>> quant_params(NodeContext& c, size_t scale, size_t zero_point, int axis);
// The same where a computed scale cannot be expressed.
Result<QuantParams> known_quant_params(NodeContext& c, size_t scale, size_t zero_point, int axis);

// Input `x` with the parameters of the two inputs behind it, as quantised operators list them: x, scale, zero point.
Result<ValueId> quantised_input(NodeContext& c, size_t x, int axis = -1);
// The type of an output whose scale and zero point are inputs `scale` and `scale + 1`; its element type is the zero point's, or `otherwise`.
Result<TensorType> quantised_output(NodeContext& c, size_t scale, DataType otherwise);
// The constant bias at input i: i32 with scale = input scale * weight scale. Invalid where it is absent.
Result<ValueId> quantised_bias(NodeContext& c, size_t i, ValueId x, ValueId w);

}  // namespace verge::formats::onnx
