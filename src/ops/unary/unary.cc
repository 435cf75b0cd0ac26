#include "ops/unary/unary.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "ops/binary/binary_attrs.h"
#include "ops/product_bf16.h"
#include "ops/quantized.h"
#include "ops/shape_rules.h"
#include "ops/unary/unary_i16.h"

namespace verge::ops {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

constexpr UnaryFunction kFunctions[] = {
#define VERGE_UNARY_OP(name, kernel, a_name, a_default, b_name, b_default, operations, formula) \
  {#name, UnaryF32::kernel, a_name, b_name, a_default, b_default, operations,                   \
   [](double x, [[maybe_unused]] double a, [[maybe_unused]] double b) { return static_cast<double>(formula); }},
#include "ops/unary/unary.inc"
#undef VERGE_UNARY_OP
};

bool gives_bool(const Node& node) { return node.op == "is_nan" || node.op == "not"; }

Result<void> infer(InferContext& c) {
  infer_same(c);
  if (gives_bool(c.node)) c.out[0].dtype = DataType::kBool;
  if (c.node.op == "not" && c.in(0).dtype != DataType::kBool) return invalid("input is " + c.in(0).text() + ", wants bool");
  return done();
}

Cost cost(const Graph& graph, const Node& node) { return elementwise_cost(graph, node, unary_function(node).operations); }

QuantRule quant(const Graph&, const Node& node) {
  if (node.op == "sigmoid") return {.kind = QuantRule::Kind::kFixedOutput, .fixed_scale = 1.0f / 256, .fixed_zero_point = -128};
  if (node.op == "tanh") return {.kind = QuantRule::Kind::kFixedOutput, .fixed_scale = 1.0f / 128, .fixed_zero_point = 0};
  if (gives_bool(node)) return {};
  return {.kind = QuantRule::Kind::kCompute};
}

void emit_table(const Node& node, Emitter& emitter, const Table8& table) {
  const Tensor constant(DataType::kU8, {256}, Bytes(table.begin(), table.end()));
  emitter.emit(exec::Op::lut8, {emitter.tensor(node.input(0)), emitter.constant(constant, node.name + ".table")}, {emitter.tensor(node.output())},
               exec::Lut8Attrs{}, {}, 0);
}

Result<void> lower_quantized(const Node& node, Emitter& emitter) {
  VERGE_TRY(const AffineType x, affine_type(emitter.graph().type(node.input(0)), "input"));
  VERGE_TRY(const AffineType y, affine_type(emitter.graph().type(node.output()), "output"));
  if (!is_8bit(x.dtype) || !is_8bit(y.dtype)) return lower_unary_i16(node, emitter, x, y);
  VERGE_TRY(const Table8 table, unary_table(node, x, y));
  emit_table(node, emitter, table);
  return done();
}

Tensor integer_constant(DataType dtype, int64_t value) { return cast_tensor(Tensor::scalar<int64_t>(value), dtype); }

// y = f(x, constant), integers.
void emit_with_constant(Emitter& emitter, exec::BinaryInt function, TensorRef x, DataType dtype, int64_t constant, TensorRef y, bool constant_first = false) {
  const TensorRef k = emitter.constant(integer_constant(dtype, constant), dtype_name(dtype) + std::string(".") + std::to_string(constant));
  const std::vector<TensorRef> in = constant_first ? std::vector{k, x} : std::vector{x, k};
  emitter.emit(exec::Op::binary_int, in, {y}, exec::BinaryIntAttrs{static_cast<uint32_t>(function)}, {}, constant_first ? 1 : 0);
}

void lower_bounds(Emitter& emitter, TensorRef x, const TensorType& type, double low, double high, TensorRef y) {
  const int64_t lowest = low <= -0x1p62 ? std::numeric_limits<int64_t>::min() : static_cast<int64_t>(std::ceil(low));
  const int64_t highest = high >= 0x1p62 ? std::numeric_limits<int64_t>::max() : static_cast<int64_t>(std::floor(high));
  const TensorRef middle = emitter.temporary(type.dtype, type.shape());
  emit_with_constant(emitter, exec::BinaryInt::kMaximum, x, type.dtype, lowest, middle);
  emit_with_constant(emitter, exec::BinaryInt::kMinimum, middle, type.dtype, highest, y);
}

Result<void> lower_integer(const Node& node, Emitter& emitter) {
  using exec::BinaryInt;
  const TensorType& type = emitter.graph().type(node.input(0));
  const TensorRef x = emitter.tensor(node.input(0));
  if (node.op == "ceil" || node.op == "floor" || node.op == "round") return emitter.alias(node.output(), node.input(0));
  const TensorRef y = emitter.tensor(node.output());
  if (node.op == "neg") {
    emit_with_constant(emitter, BinaryInt::kSub, x, type.dtype, 0, y, true);
  } else if (node.op == "abs") {
    const TensorRef negative = emitter.temporary(type.dtype, type.shape());
    emit_with_constant(emitter, BinaryInt::kSub, x, type.dtype, 0, negative, true);
    emitter.emit(exec::Op::binary_int, {x, negative}, {y}, exec::BinaryIntAttrs{static_cast<uint32_t>(BinaryInt::kMaximum)}, {}, 1);
  } else if (node.op == "square") {
    emitter.emit(exec::Op::binary_int, {x, x}, {y}, exec::BinaryIntAttrs{static_cast<uint32_t>(BinaryInt::kMul)}, {}, 0);
  } else if (node.op == "relu") {
    emit_with_constant(emitter, BinaryInt::kMaximum, x, type.dtype, 0, y);
  } else if (node.op == "sign") {
    lower_bounds(emitter, x, type, -1, 1, y);
  } else if (node.op == "clamp") {
    const UnaryValue f = unary_value(node);
    lower_bounds(emitter, x, type, f.a, f.b, y);
  } else {
    return unsupported(node.op + " of " + dtype_name(type.dtype) + ": integers have no such function; cast to f32 first");
  }
  return done();
}

Result<void> lower(const Node& node, Emitter& emitter) {
  const TensorType &x = emitter.graph().type(node.input(0)), &y = emitter.graph().type(node.output());
  if (node.op == "not") {
    emit_table(node, emitter, not_table());
    return done();
  }
  if (x.quantized() && y.quantized()) return lower_quantized(node, emitter);
  if (node.op == "is_nan" && x.dtype == DataType::kF32) {
    const TensorRef in = emitter.tensor(node.input(0));
    emitter.emit(exec::Op::compare, {in, in}, {emitter.tensor(node.output())}, exec::CompareAttrs{static_cast<uint32_t>(exec::Comparison::kNotEqual)});
    return done();
  }
  if (x.dtype != y.dtype || x.quantized() != y.quantized()) return unsupported(node.op + " from " + x.text() + " to " + y.text());
  if (is_integer(x.dtype)) return lower_integer(node, emitter);
  if (!is_real(x.dtype)) return unsupported(node.op + " of " + dtype_name(x.dtype) + ": only f32 runs; cast first");
  const UnaryValue f = unary_value(node);
  const exec::UnaryF32Attrs attrs{static_cast<uint32_t>(f.function.kernel), static_cast<float>(f.a), static_cast<float>(f.b)};
  emitter.emit(exec::Op::unary_f32, {emitter.tensor(node.input(0))}, {emitter.tensor(node.output())}, attrs, {}, 0);
  return done();
}

constexpr OpMethods kMethods{.infer = infer, .cost = cost, .reference = reference_unary, .quant = quant, .lower = lower};

}  // namespace

const UnaryFunction& unary_function(const Node& node) {
  const bool by_tanh = node.op == "gelu" && node.text("approximate", "none") == "tanh";
  const std::string name = by_tanh ? "gelu_tanh" : node.op;
  return *std::find_if(std::begin(kFunctions), std::end(kFunctions), [&](const UnaryFunction& f) { return name == f.name; });
}

UnaryValue unary_value(const Node& node) {
  const UnaryFunction& f = unary_function(node);
  return {f, *f.a_name ? node.real(f.a_name, f.a_default) : 0, *f.b_name ? node.real(f.b_name, f.b_default) : 0};
}

#define VERGE_UNARY_OP(name, ...) VERGE_OP_METHODS(name) = kMethods;
#include "ops/unary/unary.inc"
#undef VERGE_UNARY_OP

}  // namespace verge::ops
