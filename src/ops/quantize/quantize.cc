#include "ops/quantize/quantize.h"

#include "ops/quantize/quantize_attrs.h"
#include "ops/quantize/requantize.h"
#include "ops/quantized.h"
#include "ops/shape_rules.h"

namespace verge::ops {
namespace {

void infer_shape(InferContext& c, DataType dtype) {
  c.out[0] = c.in(0);
  c.out[0].dtype = dtype;
  c.out[0].quant = {};
}

Result<void> infer_quantize(InferContext& c) {
  if (c.in(0).dtype != DataType::kF32 && c.in(0).dtype != DataType::kNone) return invalid("input is " + c.in(0).text() + ", wants f32");
  infer_shape(c, is_integer(c.out[0].dtype) ? c.out[0].dtype : DataType::kI8);
  return done();
}

Result<void> infer_dequantize(InferContext& c) {
  if (!c.in(0).quantized()) return invalid("input is " + c.in(0).text() + ", wants a quantised type");
  infer_shape(c, DataType::kF32);
  return done();
}

Result<void> infer_requantize(InferContext& c) {
  if (!c.in(0).quantized()) return invalid("input is " + c.in(0).text() + ", wants a quantised type");
  infer_shape(c, output_dtype(c));
  return done();
}

Cost cost(const Graph& graph, const Node& node) { return elementwise_cost(graph, node, 2); }

Result<void> lower_quantize(const Node& node, Emitter& emitter) {
  const TensorType& y = emitter.graph().type(node.output());
  if (!y.quantized()) return invalid("output '" + emitter.graph().value(node.output()).name + "' is " + y.text() + " without scale and zero point");
  if (dtype_bits(y.dtype) != 8 && dtype_bits(y.dtype) != 16) return unsupported("output is " + y.text() + ": only 8 and 16-bit types are quantised on the device");
  VERGE_TRY(const RequantMode mode, requant_mode(node));
  emitter.emit(exec::Op::quantize, {emitter.tensor(node.input(0))}, {emitter.tensor(node.output())}, exec::QuantizeAttrs{static_cast<uint32_t>(mode)});
  return done();
}

Result<void> lower_dequantize(const Node& node, Emitter& emitter) {
  emit_dequantize(emitter, emitter.tensor(node.input(0)), emitter.tensor(node.output()));
  return done();
}

Result<void> lower_requantize(const Node& node, Emitter& emitter) {
  VERGE_TRY(const AffineType x, affine_type(emitter.graph().type(node.input(0)), "input"));
  VERGE_TRY(const AffineType y, affine_type(emitter.graph().type(node.output()), "output"));
  VERGE_TRY(const RequantMode mode, requant_mode(node));
  if (x == y) return emitter.alias(node.output(), node.input(0));
  emit_requantize(emitter, emitter.tensor(node.input(0)), emitter.tensor(node.output()), Requantizer(x, y, mode), node.name);
  return done();
}

}  // namespace

VERGE_OP_METHODS(quantize) = {.infer = infer_quantize, .cost = cost, .reference = reference_quantize, .lower = lower_quantize};
VERGE_OP_METHODS(dequantize) = {.infer = infer_dequantize, .cost = cost, .reference = reference_dequantize, .lower = lower_dequantize};
VERGE_OP_METHODS(requantize) = {.infer = infer_requantize, .cost = cost, .reference = reference_requantize, .lower = lower_requantize};

}  // namespace verge::ops
