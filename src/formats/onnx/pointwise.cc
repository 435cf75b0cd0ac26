// One element in, one element out: arithmetic, activations, comparisons, casts.
#include <cmath>
#include <limits>

#include "formats/onnx/table.h"

namespace verge::formats::onnx {
namespace {

Result<void> unary(NodeContext& c) { return c.finish(c.add(c.core(), {c.in(0)})); }

// Below opset 7 the second operand is broadcast only on demand, its dimensions beginning at `axis` of the first's.
Result<ValueId> old_broadcast(NodeContext& c) {
  if (c.opset() >= 7 || !c.integer("broadcast", 0) || !c.has_attr("axis")) return c.in(1);
  VERGE_TRY(const int rank, c.rank(0));
  VERGE_TRY(const int rank_b, c.rank(1));
  VERGE_TRY(const int axis, c.axis(c.integer("axis", 0), rank));
  if (!c.type(1).is_static()) return c.refuse("the shape of its second operand is not known");
  std::vector<int64_t> shape;
  for (const Dim& d : c.type(1).dims) shape.push_back(d.size);
  for (int i = axis + rank_b; i < rank; ++i) shape.push_back(1);
  return c.add("reshape", {c.in(1)}, {{"shape", shape}});
}

Result<void> binary(NodeContext& c) {
  VERGE_TRY(const ValueId b, old_broadcast(c));
  return c.finish(c.add(c.core(), {c.in(0), b}));
}

Result<void> pow(NodeContext& c) {
  VERGE_TRY(ValueId exponent, old_broadcast(c));
  const DataType dtype = c.type(0).dtype;
  if (c.type(exponent).dtype != dtype) exponent = c.add("cast", {exponent}, {{"to", std::string(dtype_name(dtype))}});
  return c.finish(c.add("pow", {c.in(0), exponent}));
}

Result<void> mod(NodeContext& c) { return c.finish(c.add("mod", {c.in(0), c.in(1)}, {{"fmod", c.integer("fmod", 0)}})); }

Result<void> bit_shift(NodeContext& c) {
  const std::string direction = c.text("direction", "");
  if (direction != "LEFT" && direction != "RIGHT") return c.damaged("direction '" + direction + "' is neither LEFT nor RIGHT");
  return c.finish(c.add("bit_shift", {c.in(0), c.in(1)}, {{"left", int64_t{direction == "LEFT"}}}));
}

// Sum, Max, Min of any number of operands, two at a time.
ValueId chain(NodeContext& c, const char* op) {
  ValueId all = c.in(0);
  for (size_t i = 1; i < c.input_count(); ++i) all = c.add(op, {all, c.in(i)});
  return all;
}

Result<void> variadic(NodeContext& c) {
  if (!c.has(0)) return c.damaged("it has no inputs");
  return c.finish(chain(c, c.core()));
}

Result<void> mean(NodeContext& c) {
  if (!c.has(0)) return c.damaged("it has no inputs");
  if (c.input_count() == 1) return c.finish(c.in(0));
  return c.finish(c.add("mul", {chain(c, "add"), c.scalar(1.0 / static_cast<double>(c.input_count()), c.in(0))}));
}

Result<void> with_alpha(NodeContext& c, double otherwise) { return c.finish(c.add(c.core(), {c.in(0)}, {{"alpha", c.real("alpha", otherwise)}})); }
Result<void> leaky_relu(NodeContext& c) { return with_alpha(c, 0.01); }
Result<void> elu(NodeContext& c) { return with_alpha(c, 1); }

Result<void> hard_sigmoid(NodeContext& c) {
  return c.finish(c.add("hsigmoid", {c.in(0)}, {{"alpha", c.real("alpha", 0.2)}, {"beta", c.real("beta", 0.5)}}));
}

Result<void> gelu(NodeContext& c) { return c.finish(c.add("gelu", {c.in(0)}, {{"approximate", c.text("approximate", "none")}})); }

// gamma * elu(x, alpha); the core operator is the one of the usual numbers.
Result<void> selu(NodeContext& c) {
  if (!c.has_attr("alpha") && !c.has_attr("gamma")) return unary(c);
  const ValueId y = c.add("elu", {c.in(0)}, {{"alpha", c.real("alpha", 1.67326319217681884765625)}});
  return c.finish(c.add("mul", {y, c.scalar(c.real("gamma", 1.05070102214813232421875), c.in(0))}));
}

// alpha * elu(x / alpha, 1)
Result<void> celu(NodeContext& c) {
  const double alpha = c.real("alpha", 1);
  const ValueId y = c.add("elu", {c.add("mul", {c.in(0), c.scalar(1 / alpha, c.in(0))})}, {{"alpha", 1.0}});
  return c.finish(c.add("mul", {y, c.scalar(alpha, c.in(0))}));
}

// x * sigmoid(alpha * x)
Result<void> swish(NodeContext& c) {
  const double alpha = c.real("alpha", 1);
  if (alpha == 1) return c.finish(c.add("silu", {c.in(0)}));
  const ValueId gate = c.add("sigmoid", {c.add("mul", {c.in(0), c.scalar(alpha, c.in(0))})});
  return c.finish(c.add("mul", {c.in(0), gate}));
}

// swish(a) * b
Result<void> swi_glu(NodeContext& c) {
  const double alpha = c.real("alpha", 1);
  const ValueId scaled = alpha == 1 ? c.in(0) : c.add("mul", {c.in(0), c.scalar(alpha, c.in(0))});
  const ValueId swished = alpha == 1 ? c.add("silu", {c.in(0)}) : c.add("mul", {c.in(0), c.add("sigmoid", {scaled})});
  return c.finish(c.add("mul", {swished, c.in(1)}));
}

Result<void> thresholded_relu(NodeContext& c) {
  const ValueId x = c.in(0), above = c.add("greater", {x, c.scalar(c.real("alpha", 1), x)});
  return c.finish(c.add("where", {above, x, c.scalar(0, x)}));
}

Result<void> shrink(NodeContext& c) {
  const ValueId x = c.in(0), bias = c.scalar(c.real("bias", 0), x);
  const double lambd = c.real("lambd", 0.5);
  const ValueId below = c.add("less", {x, c.scalar(-lambd, x)}), above = c.add("greater", {x, c.scalar(lambd, x)});
  const ValueId high = c.add("where", {above, c.add("sub", {x, bias}), c.scalar(0, x)});
  return c.finish(c.add("where", {below, c.add("add", {x, bias}), high}));
}

Result<void> is_inf(NodeContext& c) {
  const bool negative = c.integer("detect_negative", 1), positive = c.integer("detect_positive", 1);
  if (!negative && !positive) return c.finish(c.add("less", {c.in(0), c.in(0)}));
  const double infinity = std::numeric_limits<double>::infinity();
  const ValueId x = negative && positive ? c.add("abs", {c.in(0)}) : c.in(0);
  return c.finish(c.add("equal", {x, c.scalar(positive ? infinity : -infinity, x)}));
}

Result<void> clip(NodeContext& c) {
  ValueId x = c.in(0);
  Attrs bounds;
  for (const auto& [i, bound, limit] : {std::tuple{size_t{1}, "min", "maximum"}, {size_t{2}, "max", "minimum"}}) {
    if (c.has_attr(bound)) bounds[bound] = c.real(bound, 0);
    if (!c.has(i)) continue;
    if (!c.constant(i)) {
      x = c.add(limit, {x, c.in(i)});
      continue;
    }
    VERGE_TRY(bounds[bound], c.number(i, bound));
  }
  if (!bounds.empty()) x = c.add("clamp", {x}, bounds);
  return c.finish(x);
}

// Below opset 7 the slope of a channel stands alone: [C] for x [N,C,...].
Result<void> prelu(NodeContext& c) {
  ValueId slope = c.in(1);
  VERGE_TRY(const int rank, c.rank(0));
  if (c.opset() < 7 && c.type(1).rank() == 1 && c.type(1).is_static() && rank > 2) {
    std::vector<int64_t> shape(rank - 1, 1);
    shape[0] = c.type(1).dims[0].size;
    slope = c.add("reshape", {slope}, {{"shape", shape}});
  }
  return c.finish(c.add("prelu", {c.in(0), slope}));
}

Result<void> cast_to(NodeContext& c, DataType to) { return c.finish(c.add("cast", {c.in(0)}, {{"to", std::string(dtype_name(to))}})); }

Result<void> cast(NodeContext& c) {
  const auto to = static_cast<int32_t>(c.integer("to", 0));
  const DataType dtype = dtype_from_onnx(to);
  if (dtype == DataType::kNone) return c.refuse("it casts to " + onnx_type_name(to) + ", a type that is not supported");
  return cast_to(c, dtype);
}

Result<void> cast_like(NodeContext& c) { return cast_to(c, c.type(1).dtype); }

Result<void> where(NodeContext& c) { return c.finish(c.add("where", {c.in(0), c.in(1), c.in(2)})); }

Result<void> bitwise_not(NodeContext& c) {
  const DataType dtype = c.type(0).dtype;
  const Tensor ones(dtype, {}, Bytes(dtype_bytes(dtype, 1), 0xff));
  return c.finish(c.add("bit_xor", {c.in(0), c.constant(ones, "ones")}));
}

constexpr Row kRows[] = {
    {"Abs", 1, kNewest, unary, "abs"},
    {"Acos", 7, kNewest, unary, "acos"},
    {"Acosh", 9, kNewest, unary, "acosh"},
    {"Asin", 7, kNewest, unary, "asin"},
    {"Asinh", 9, kNewest, unary, "asinh"},
    {"Atan", 7, kNewest, unary, "atan"},
    {"Atanh", 9, kNewest, unary, "atanh"},
    {"Ceil", 1, kNewest, unary, "ceil"},
    {"Cos", 7, kNewest, unary, "cos"},
    {"Cosh", 9, kNewest, unary, "cosh"},
    {"Erf", 9, kNewest, unary, "erf"},
    {"Exp", 1, kNewest, unary, "exp"},
    {"Floor", 1, kNewest, unary, "floor"},
    {"HardSwish", 14, kNewest, unary, "hswish"},
    {"Identity", 1, kNewest, unary, "identity"},
    {"IsNaN", 9, kNewest, unary, "is_nan"},
    {"Log", 1, kNewest, unary, "log"},
    {"Mish", 18, kNewest, unary, "mish"},
    {"Neg", 1, kNewest, unary, "neg"},
    {"Not", 1, kNewest, unary, "not"},
    {"Reciprocal", 1, kNewest, unary, "reciprocal"},
    {"Relu", 1, kNewest, unary, "relu"},
    {"Round", 11, kNewest, unary, "round"},
    {"Sigmoid", 1, kNewest, unary, "sigmoid"},
    {"Sign", 9, kNewest, unary, "sign"},
    {"Sin", 7, kNewest, unary, "sin"},
    {"Sinh", 9, kNewest, unary, "sinh"},
    {"Softplus", 1, kNewest, unary, "softplus"},
    {"Softsign", 1, kNewest, unary, "softsign"},
    {"Sqrt", 1, kNewest, unary, "sqrt"},
    {"Tan", 7, kNewest, unary, "tan"},
    {"Tanh", 1, kNewest, unary, "tanh"},

    {"Celu", 12, kNewest, celu},
    {"Clip", 1, kNewest, clip},
    {"Elu", 1, kNewest, elu, "elu"},
    {"Gelu", 20, kNewest, gelu},
    {"HardSigmoid", 1, kNewest, hard_sigmoid},
    {"LeakyRelu", 1, kNewest, leaky_relu, "leaky_relu"},
    {"PRelu", 1, kNewest, prelu},
    {"Selu", 1, kNewest, selu, "selu"},
    {"Shrink", 9, kNewest, shrink},
    {"SwiGLU", 1, kNewest, swi_glu},
    {"Swish", 24, kNewest, swish},
    {"ThresholdedRelu", 1, kNewest, thresholded_relu},

    {"Add", 1, kNewest, binary, "add"},
    {"And", 1, kNewest, binary, "and"},
    {"BitwiseAnd", 18, kNewest, binary, "bit_and"},
    {"BitwiseOr", 18, kNewest, binary, "bit_or"},
    {"BitwiseXor", 18, kNewest, binary, "bit_xor"},
    {"Div", 1, kNewest, binary, "div"},
    {"Equal", 1, kNewest, binary, "equal"},
    {"Greater", 1, kNewest, binary, "greater"},
    {"GreaterOrEqual", 12, kNewest, binary, "greater_equal"},
    {"Less", 1, kNewest, binary, "less"},
    {"LessOrEqual", 12, kNewest, binary, "less_equal"},
    {"Mul", 1, kNewest, binary, "mul"},
    {"Or", 1, kNewest, binary, "or"},
    {"Sub", 1, kNewest, binary, "sub"},
    {"Xor", 1, kNewest, binary, "xor"},
    {"BitShift", 11, kNewest, bit_shift},
    {"BitwiseNot", 18, kNewest, bitwise_not},
    {"Mod", 10, kNewest, mod},
    {"Pow", 1, kNewest, pow},

    {"Max", 1, kNewest, variadic, "maximum"},
    {"Mean", 1, kNewest, mean},
    {"Min", 1, kNewest, variadic, "minimum"},
    {"Sum", 1, kNewest, variadic, "add"},

    {"Cast", 6, kNewest, cast},
    {"CastLike", 15, kNewest, cast_like},
    {"IsInf", 10, kNewest, is_inf},
    {"Where", 9, kNewest, where},
};

}  // namespace

std::span<const Row> pointwise_rows() { return kRows; }

}  // namespace verge::formats::onnx
