#include "ops/product_i16.h"

#include <algorithm>

namespace verge::ops {
namespace {

bool is_centred(const QuantParams& quant) {
  return std::all_of(quant.zero_point.begin(), quant.zero_point.end(), [](int32_t z) { return z == 0; });
}

}  // namespace

bool is_product_i16(const Graph& graph, const Node& node) {
  return is_quantized(graph, node) && graph.type(node.input(0)).dtype == DataType::kI16 && graph.type(node.output()).dtype == DataType::kI16;
}

Result<LoweredProductI16> lower_product_i16(const Node& node, Emitter& emitter, size_t channels, ScaleProduct product) {
  const Graph& graph = emitter.graph();
  const TensorType &x = graph.type(node.input(0)), &y = graph.type(node.output());
  const Tensor &w = *graph.constant(node.input(1)), *bias = graph.constant(node.input(2));
  if (w.dtype() != DataType::kI8) return unsupported(std::string("i16 activations with weights of type ") + dtype_name(w.dtype()) + "; i8 is supported");
  if (!is_centred(x.quant) || !is_centred(w.quant()) || !is_centred(y.quant)) return unsupported("i16 activations with zero points other than 0");
  if (node.input(2).valid() && (!bias || (bias->dtype() != DataType::kI32 && bias->dtype() != DataType::kI64)))
    return unsupported("a quantised bias that is not constant i32 or i64");
  VERGE_TRY(const ChannelRequant requant, channel_requant(node, x.quant, w.quant(), y.quant, y.dtype, channels, product));
  if (requant.mode != RequantMode::kTflm) return unsupported("i16 activations requantised by ONNX's rule");
  Tensor numbers(DataType::kI32, {2, static_cast<int32_t>(channels)});
  for (size_t i = 0; i < channels; ++i) {
    numbers.mut<int32_t>()[i] = requant.multiplier[i].multiplier;
    numbers.mut<int32_t>()[channels + i] = requant.multiplier[i].shift;
  }
  LoweredProductI16 out;
  out.inputs = {emitter.tensor(node.input(0)), emitter.tensor(node.input(1)), emitter.tensor(node.input(2)), emitter.constant(std::move(numbers), node.name + ".requant")};
  out.attrs = {requant.clamp.min, requant.clamp.max};
  return out;
}

}  // namespace verge::ops
