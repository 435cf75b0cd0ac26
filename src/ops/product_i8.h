// Lowering that quantised convolution and dense layers share: weights, bias and requantisation as constants of one instruction.
#pragma once
#include "ops/op.h"
#include "ops/product_i8_attrs.h"
#include "ops/quantized.h"

namespace verge::ops {

// Integers in the int8 view: a stored uint8 q stands for q - 128, and its zero point likewise.
int32_t int8_view(int32_t q, DataType dtype);

// Weights in the int8 view; zero points one for each channel, or none when all are 0.
struct WeightsI8 {
  std::vector<int8_t> values;
  std::vector<int32_t> zero_points;
};
Result<WeightsI8> weights_i8(const Tensor& w, size_t channels);

exec::RequantAttrs requant_attrs(const ChannelRequant& requant);

// A quantised node x, w[, b] as an instruction: its inputs, attributes and scratch.
struct LoweredProduct {
  std::vector<TensorRef> inputs;
  exec::ProductI8Attrs attrs;
  TensorRef scratch;
};
// For kernels/gemm_i8/conv_i8.h, and for kernels/depthwise_i8/depthwise_i8.h.
Result<LoweredProduct> lower_conv_product_i8(const Node& node, Emitter& emitter, const ConvGeometry& geometry, ScaleProduct product);
Result<LoweredProduct> lower_depthwise_product_i8(const Node& node, Emitter& emitter, const ConvGeometry& geometry, ScaleProduct product);

}  // namespace verge::ops
