#include "ops/binary/binary.h"

#include <algorithm>
#include <cmath>

#include "ops/product_bf16.h"
#include "ops/quantized.h"
#include "ops/shape_rules.h"
#include "ops/unary/unary_attrs.h"

namespace verge::ops {
namespace {

constexpr BinaryFunction kFunctions[] = {
#define VERGE_BINARY_OP(name, kernel, integer, operations, formula) \
  {#name, BinaryF32::kernel, exec::BinaryInt::integer, operations, [](double x, double y) { return static_cast<double>(formula); }},
#include "ops/binary/binary.inc"
#undef VERGE_BINARY_OP
};

Cost cost(const Graph& graph, const Node& node) { return elementwise_cost(graph, node, binary_function(node).operations); }

QuantRule quant(const Graph&, const Node& node) {
  if (node.op == "add" || node.op == "sub" || node.op == "mul") return {.kind = QuantRule::Kind::kCompute};
  if (node.op == "minimum" || node.op == "maximum") return {.kind = QuantRule::Kind::kSameScale};
  return {};
}

Result<void> infer_prelu(InferContext& c) {
  VERGE_CHECK(infer_broadcast(c));
  if (c.in(0).ranked) c.out[0].dims = c.in(0).dims, c.out[0].ranked = true;
  return done();
}

exec::BinaryF32Attrs f32_attrs(const Node& node, BinaryF32 kernel) {
  const RealClamp clamp = real_clamp(node);
  return {static_cast<uint32_t>(kernel), static_cast<float>(clamp.min), static_cast<float>(clamp.max)};
}

Result<void> lower_f32(const Node& node, Emitter& emitter) {
  const std::vector<TensorRef> in{emitter.tensor(node.input(0)), emitter.tensor(node.input(1))};
  const TensorRef out = emitter.tensor(node.output());
  const exec::BinaryF32Attrs attrs = f32_attrs(node, binary_function(node).kernel);
  if (node.op != "floor_div") {
    emitter.emit(exec::Op::binary_f32, in, {out}, attrs, {}, in_place_operand(emitter.graph(), node));
    return done();
  }
  const TensorRef quotient = emitter.temporary(DataType::kF32, emitter.graph().type(node.output()).shape());
  emitter.emit(exec::Op::binary_f32, in, {quotient}, attrs);
  emitter.emit(exec::Op::unary_f32, {quotient}, {out}, exec::UnaryF32Attrs{static_cast<uint32_t>(UnaryF32::kFloor)}, {}, 0);
  return done();
}

Result<void> lower_f64(const Node& node, Emitter& emitter) {
  if (node.op == "floor_div") return unsupported("floor_div of f64: cast to f32 first");
  const RealClamp clamp = real_clamp(node);
  const exec::BinaryF64Attrs attrs{static_cast<uint32_t>(binary_function(node).kernel), 0, clamp.min, clamp.max};
  emitter.emit(exec::Op::binary_f64, {emitter.tensor(node.input(0)), emitter.tensor(node.input(1))}, {emitter.tensor(node.output())}, attrs, {},
               in_place_operand(emitter.graph(), node));
  return done();
}

Result<void> lower(const Node& node, Emitter& emitter) {
  const TensorType &x = emitter.graph().type(node.input(0)), &y = emitter.graph().type(node.input(1)), &z = emitter.graph().type(node.output());
  if (x.quantized() && y.quantized() && z.quantized()) return lower_binary_quantized(node, emitter);
  if (x.quantized() || y.quantized() || z.quantized()) return unsupported(node.op + " of " + x.text() + " and " + y.text() + ": quantise all of its values or none");
  if (is_real(x.dtype)) return lower_f32(node, emitter);
  if (x.dtype == DataType::kF64) return lower_f64(node, emitter);
  const exec::BinaryInt function = binary_function(node).integer;
  if (!is_integer(x.dtype) || function == exec::BinaryInt::kCount) return unsupported(node.op + " of " + x.text() + ": only f32, f64 and integers run; cast first");
  if (node.has("clamp_min") || node.has("clamp_max")) return unsupported(node.op + " of " + x.text() + ": no fused clamp on integers");
  emitter.emit(exec::Op::binary_int, {emitter.tensor(node.input(0)), emitter.tensor(node.input(1))}, {emitter.tensor(node.output())},
               exec::BinaryIntAttrs{static_cast<uint32_t>(function)}, {}, in_place_operand(emitter.graph(), node));
  return done();
}

constexpr OpMethods kMethods{.infer = infer_broadcast, .cost = cost, .reference = reference_binary, .quant = quant, .lower = lower};

}  // namespace

const BinaryFunction& binary_function(const Node& node) {
  const std::string name = node.op == "mod" && node.integer("fmod") == 1 ? "fmod" : node.op;
  return *std::find_if(std::begin(kFunctions), std::end(kFunctions), [&](const BinaryFunction& f) { return name == f.name; });
}

Result<void> infer_broadcast(InferContext& c) {
  const TensorType &x = c.in(0), &y = c.in(1);
  if (x.dtype != y.dtype && x.dtype != DataType::kNone && y.dtype != DataType::kNone && !(x.quantized() && y.quantized()))
    return invalid("inputs are " + x.text() + " and " + y.text() + ", want one element type");
  c.out[0].dtype = output_dtype(c);
  c.out[0].ranked = x.ranked && y.ranked;
  if (c.out[0].ranked) {
    VERGE_TRY(c.out[0].dims, broadcast_dims(x.dims, y.dims));
  }
  return done();
}

int in_place_operand(const Graph& graph, const Node& node) {
  const TensorType& out = graph.type(node.output());
  for (int i = 0; i < 2; ++i) {
    const TensorType& in = graph.type(node.input(static_cast<size_t>(i)));
    if (in.dims == out.dims && dtype_bits(in.dtype) == dtype_bits(out.dtype)) return i;
  }
  return -1;
}

VERGE_OP_METHODS(add) = kMethods;
VERGE_OP_METHODS(sub) = kMethods;
VERGE_OP_METHODS(mul) = kMethods;
VERGE_OP_METHODS(div) = kMethods;
VERGE_OP_METHODS(pow) = kMethods;
VERGE_OP_METHODS(minimum) = kMethods;
VERGE_OP_METHODS(maximum) = kMethods;
VERGE_OP_METHODS(mod) = kMethods;
VERGE_OP_METHODS(squared_difference) = kMethods;
VERGE_OP_METHODS(floor_div) = kMethods;
VERGE_OP_METHODS(atan2) = kMethods;
VERGE_OP_METHODS(prelu) = {.infer = infer_prelu, .cost = cost, .reference = reference_binary, .quant = quant, .lower = lower};

}  // namespace verge::ops
