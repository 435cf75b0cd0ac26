#include <algorithm>

#include "ops/binary/binary.h"
#include "ops/quantize/requantize.h"
#include "ops/shape_rules.h"

namespace verge::ops {
namespace {

constexpr CompareFunction kComparisons[] = {
#define VERGE_COMPARE_OP(name, comparison, formula) {#name, exec::Comparison::comparison, [](double x, double y) { return formula; }},
#define VERGE_BIT_OP(...)
#include "ops/binary/logic.inc"
#undef VERGE_COMPARE_OP
#undef VERGE_BIT_OP
};

struct BitFunction {
  const char* name;
  exec::BinaryInt function;
  bool wants_bool;
};
constexpr BitFunction kBitFunctions[] = {
#define VERGE_COMPARE_OP(...)
#define VERGE_BIT_OP(name, function, wants_bool) {#name, exec::BinaryInt::function, wants_bool},
#include "ops/binary/logic.inc"
#undef VERGE_COMPARE_OP
#undef VERGE_BIT_OP
};

const BitFunction& bit_row(const Node& node) {
  return *std::find_if(std::begin(kBitFunctions), std::end(kBitFunctions), [&](const BitFunction& f) { return node.op == f.name; });
}

Result<void> infer_compare(InferContext& c) {
  VERGE_CHECK(infer_broadcast(c));
  c.out[0].dtype = DataType::kBool;
  return done();
}

Result<void> infer_bits(InferContext& c) {
  const TensorType& x = c.in(0);
  const bool fits = x.dtype == DataType::kNone || (bit_row(c.node).wants_bool ? x.dtype == DataType::kBool : is_integer(x.dtype) || x.dtype == DataType::kBool);
  if (!fits) return invalid("inputs are " + x.text() + ", want " + (bit_row(c.node).wants_bool ? "bool" : "integers"));
  return infer_broadcast(c);
}

Cost cost(const Graph& graph, const Node& node) { return elementwise_cost(graph, node); }

// An input of a comparison whose integers mean something else than the other input's: its real values.
TensorRef as_real(Emitter& emitter, ValueId value) {
  const TensorType& type = emitter.graph().type(value);
  const TensorRef real = emitter.temporary(DataType::kF32, type.shape());
  emit_dequantize(emitter, emitter.tensor(value), real);
  return real;
}

Result<void> lower_compare(const Node& node, Emitter& emitter) {
  const TensorType &x = emitter.graph().type(node.input(0)), &y = emitter.graph().type(node.input(1));
  const bool differ = x.quant != y.quant || x.dtype != y.dtype;
  if (!differ && x.dtype != DataType::kF32 && x.dtype != DataType::kF64 && !is_integer(x.dtype) && x.dtype != DataType::kBool)
    return unsupported(node.op + " of " + x.text() + ": only f32, f64, integers and bool run; cast first");
  if (differ && !(x.quantized() && y.quantized())) return unsupported(node.op + " of " + x.text() + " and " + y.text());
  const std::vector<TensorRef> in = differ ? std::vector{as_real(emitter, node.input(0)), as_real(emitter, node.input(1))}
                                           : std::vector{emitter.tensor(node.input(0)), emitter.tensor(node.input(1))};
  emitter.emit(exec::Op::compare, in, {emitter.tensor(node.output())}, exec::CompareAttrs{static_cast<uint32_t>(compare_function(node).comparison)});
  return done();
}

Result<void> lower_bits(const Node& node, Emitter& emitter) {
  emitter.emit(exec::Op::binary_int, {emitter.tensor(node.input(0)), emitter.tensor(node.input(1))}, {emitter.tensor(node.output())},
               exec::BinaryIntAttrs{static_cast<uint32_t>(bit_function(node))}, {}, in_place_operand(emitter.graph(), node));
  return done();
}

constexpr OpMethods kCompare{.infer = infer_compare, .cost = cost, .reference = reference_compare, .lower = lower_compare};
constexpr OpMethods kBits{.infer = infer_bits, .cost = cost, .reference = reference_bits, .lower = lower_bits};

}  // namespace

const CompareFunction& compare_function(const Node& node) {
  return *std::find_if(std::begin(kComparisons), std::end(kComparisons), [&](const CompareFunction& f) { return node.op == f.name; });
}

exec::BinaryInt bit_function(const Node& node) {
  return node.op == "bit_shift" && node.integer("left") == 1 ? exec::BinaryInt::kShiftLeft : bit_row(node).function;
}

#define VERGE_COMPARE_OP(name, ...) VERGE_OP_METHODS(name) = kCompare;
#define VERGE_BIT_OP(name, ...) VERGE_OP_METHODS(name) = kBits;
#include "ops/binary/logic.inc"
#undef VERGE_COMPARE_OP
#undef VERGE_BIT_OP

}  // namespace verge::ops
