// Lowering that convolution and dense layers of int16 activations share.
#pragma once
#include "ops/op.h"
#include "ops/product_i16_attrs.h"
#include "ops/quantized.h"

namespace verge::ops {

// x, and y are i16 with zero point 0, w is i8 without zero points: `tflm` only.
bool is_product_i16(const Graph& graph, const Node& node);

// A quantised node x, w[, b] of `channels` outputs as an instruction: its inputs and attributes.
struct LoweredProductI16 {
  std::vector<TensorRef> inputs;
  exec::ProductI16Attrs attrs;
};
Result<LoweredProductI16> lower_product_i16(const Node& node, Emitter& emitter, size_t channels, ScaleProduct product);

}  // namespace verge::ops
