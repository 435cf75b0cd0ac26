// Operators of exports.inc that compute element by element, along axes, or move elements.
#include <algorithm>
#include <cmath>

#include "core/text.h"
#include "formats/onnx/exporter.h"

namespace verge::formats::onnx::exports {
namespace {

constexpr const char* kMicrosoft = "com.microsoft";

Result<void> unary(Exporter& e, const char* type) {
  const Order order = e.natural_order();
  return e.op(type, {e.real(0, order)}, {e.out_real(order)}), done();
}

// The same with an attribute that the Graph's node has under the same name.
Result<void> unary_with(Exporter& e, const char* type, const char* attr, double otherwise) {
  const Order order = e.natural_order();
  set(e.op(type, {e.real(0, order)}, {e.out_real(order)}), attr, e.node().real(attr, otherwise));
  return done();
}

// x * f(x)
template <typename Gate> Result<void> gated(Exporter& e, Gate&& gate) {
  const Order order = e.natural_order();
  const std::string x = e.real(0, order), factor = e.fresh(e.node().name + "/gate");
  gate(x, factor);
  return e.op("Mul", {x, factor}, {e.out_real(order)}), done();
}

// Constants of fewer dimensions than the result keep their place only when channels are last.
Order order_for_broadcast(const Exporter& e) {
  const Order order = e.natural_order();
  for (size_t i = 0; i < e.node().inputs.size(); ++i)
    if (e.in_type(i).rank() != e.out_type().rank()) return Order::kLast;
  return order;
}

Result<void> binary(Exporter& e, const char* type, const char* integer_type = nullptr) {
  const Order order = order_for_broadcast(e);
  if (integer_type && e.in_integers() && e.in_type(1).quantized() && !e.clamps()) {
    std::vector<std::string> in = e.operand(0, order);
    for (const std::string& name : e.operand(1, order)) in.push_back(name);
    for (const std::string& name : e.out_params()) in.push_back(name);
    return e.op(integer_type, in, {e.out_stored(order)}, kMicrosoft), done();
  }
  const bool sum = e.node().op == "add";
  const auto operand = [&](size_t i) { return sum ? e.addend(i, order) : e.real(i, order); };
  e.clamped(order, [&](const std::string& to) { e.op(type, {operand(0), operand(1)}, {to}); });
  return done();
}

Result<void> reduce(Exporter& e, const char* type, int axes_are_input_from) {
  std::vector<int64_t> axes = e.node().integers("axes");
  const int rank = e.in_type().rank();
  for (int64_t d = 0; axes.empty() && d < rank; ++d) axes.push_back(d);
  const bool keeps = e.node().integer("keepdims", 1) != 0;
  const bool spatial = rank == 4 && axes == std::vector<int64_t>{1, 2};
  const Order order = keeps || spatial ? e.natural_order() : Order::kLast;
  for (int64_t& a : axes) a = ordered_axis(a, rank, order);
  std::vector<std::string> in{e.real(0, order)};
  const bool as_input = e.options().onnx_opset >= axes_are_input_from;
  if (as_input) in.push_back(e.ints(axes));
  pb::NodeProto& n = e.op(type, in, {e.out_real(keeps ? order : Order::kLast)});
  if (!as_input) set(n, "axes", axes);
  set(n, "keepdims", int64_t{keeps});
  return done();
}

// Where input and output are quantised alike elements move as they are stored.
bool moves_stored(const Exporter& e) { return e.in_type().quant == e.out_type().quant && e.options().onnx_form == OnnxForm::kQOperator; }
std::string moved(Exporter& e, Order order) { return moves_stored(e) ? e.stored(0, order) : e.real(0, order); }
std::string moved_out(Exporter& e, Order order, size_t i = 0) { return moves_stored(e) ? e.out_stored(order, i) : e.out_real(order, i); }

std::vector<int64_t> sizes_of(const TensorType& type) {
  std::vector<int64_t> out;
  for (const Dim& d : type.dims) out.push_back(d.size);
  return out;
}

}  // namespace

Result<void> relu(Exporter& e) { return unary(e, "Relu"); }
Result<void> sigmoid(Exporter& e) { return unary(e, "Sigmoid"); }
Result<void> tanh(Exporter& e) { return unary(e, "Tanh"); }
Result<void> hswish(Exporter& e) { return unary(e, "HardSwish"); }
Result<void> exp(Exporter& e) { return unary(e, "Exp"); }
Result<void> log(Exporter& e) { return unary(e, "Log"); }
Result<void> sqrt(Exporter& e) { return unary(e, "Sqrt"); }
Result<void> neg(Exporter& e) { return unary(e, "Neg"); }
Result<void> abs(Exporter& e) { return unary(e, "Abs"); }
Result<void> ceil(Exporter& e) { return unary(e, "Ceil"); }
Result<void> floor(Exporter& e) { return unary(e, "Floor"); }
Result<void> round(Exporter& e) { return unary(e, "Round"); }
Result<void> sin(Exporter& e) { return unary(e, "Sin"); }
Result<void> cos(Exporter& e) { return unary(e, "Cos"); }
Result<void> softplus(Exporter& e) { return unary(e, "Softplus"); }
Result<void> softsign(Exporter& e) { return unary(e, "Softsign"); }
Result<void> reciprocal(Exporter& e) { return unary(e, "Reciprocal"); }
Result<void> erf(Exporter& e) { return unary(e, "Erf"); }
Result<void> sign(Exporter& e) { return unary(e, "Sign"); }
Result<void> tan(Exporter& e) { return unary(e, "Tan"); }
Result<void> asin(Exporter& e) { return unary(e, "Asin"); }
Result<void> acos(Exporter& e) { return unary(e, "Acos"); }
Result<void> atan(Exporter& e) { return unary(e, "Atan"); }
Result<void> sinh(Exporter& e) { return unary(e, "Sinh"); }
Result<void> cosh(Exporter& e) { return unary(e, "Cosh"); }
Result<void> asinh(Exporter& e) { return unary(e, "Asinh"); }
Result<void> acosh(Exporter& e) { return unary(e, "Acosh"); }
Result<void> atanh(Exporter& e) { return unary(e, "Atanh"); }
Result<void> elu(Exporter& e) { return unary_with(e, "Elu", "alpha", 1); }
Result<void> leaky_relu(Exporter& e) { return unary_with(e, "LeakyRelu", "alpha", 0.01); }

Result<void> selu(Exporter& e) {
  const Order order = e.natural_order();
  pb::NodeProto& n = e.op("Selu", {e.real(0, order)}, {e.out_real(order)});
  set(n, "alpha", e.node().real("alpha", 1.67326319217681884765625)), set(n, "gamma", e.node().real("gamma", 1.05070102214813232421875));
  return done();
}

Result<void> hsigmoid(Exporter& e) {
  const Order order = e.natural_order();
  pb::NodeProto& n = e.op("HardSigmoid", {e.real(0, order)}, {e.out_real(order)});
  set(n, "alpha", e.node().real("alpha", 0.2)), set(n, "beta", e.node().real("beta", 0.5));
  return done();
}

Result<void> silu(Exporter& e) {
  return gated(e, [&](const std::string& x, const std::string& gate) { e.op("Sigmoid", {x}, {gate}); });
}

Result<void> mish(Exporter& e) {
  return gated(e, [&](const std::string& x, const std::string& gate) {
    const std::string soft = e.fresh(e.node().name + "/softplus");
    e.op("Softplus", {x}, {soft});
    e.op("Tanh", {soft}, {gate});
  });
}

// x / 2 * (1 + erf(x / sqrt 2)), or with tanh(sqrt(2 / pi) * (x + 0.044715 x^3)) instead of erf.
Result<void> gelu(Exporter& e) {
  const bool by_tanh = e.node().text("approximate", "none") == "tanh";
  return gated(e, [&](const std::string& x, const std::string& gate) {
    int parts = 0;
    const auto step = [&](const char* type, std::vector<std::string> in) {
      const std::string to = e.fresh(e.node().name + "/part" + std::to_string(parts++));
      e.op(type, std::move(in), {to});
      return to;
    };
    std::string inner = step("Mul", {x, e.scalar(0.70710678f)});
    if (by_tanh) {
      const std::string cube = step("Mul", {step("Mul", {step("Mul", {x, x}), x}), e.scalar(0.044715f)});
      inner = step("Mul", {step("Add", {x, cube}), e.scalar(0.79788456f)});
    }
    const std::string bent = step(by_tanh ? "Tanh" : "Erf", {inner});
    e.op("Mul", {step("Add", {bent, e.scalar(1)}), e.scalar(0.5f)}, {gate});
  });
}

Result<void> square(Exporter& e) {
  return gated(e, [&](const std::string& x, const std::string& gate) { e.op("Identity", {x}, {gate}); });
}

Result<void> rsqrt(Exporter& e) {
  const Order order = e.natural_order();
  const std::string root = e.fresh(e.node().name + "/root");
  e.op("Sqrt", {e.real(0, order)}, {root});
  return e.op("Reciprocal", {root}, {e.out_real(order)}), done();
}

Result<void> clamp(Exporter& e) {
  const Order order = e.natural_order();
  const double infinity = std::numeric_limits<double>::infinity();
  return e.clamp(e.real(0, order), e.out_real(order), e.node().real("min", -infinity), e.node().real("max", infinity)), done();
}

Result<void> add(Exporter& e) { return binary(e, "Add", "QLinearAdd"); }
Result<void> mul(Exporter& e) { return binary(e, "Mul", "QLinearMul"); }
Result<void> sub(Exporter& e) { return binary(e, "Sub"); }
Result<void> div(Exporter& e) { return binary(e, "Div"); }
Result<void> minimum(Exporter& e) { return binary(e, "Min"); }
Result<void> maximum(Exporter& e) { return binary(e, "Max"); }
Result<void> pow(Exporter& e) { return binary(e, "Pow"); }

Result<void> prelu(Exporter& e) {
  const Order order = order_for_broadcast(e);
  return e.op("PRelu", {e.real(0, order), e.real(1, order)}, {e.out_real(order)}), done();
}

Result<void> squared_difference(Exporter& e) {
  const Order order = order_for_broadcast(e);
  e.clamped(order, [&](const std::string& to) {
    const std::string difference = e.fresh(e.node().name + "/difference");
    e.op("Sub", {e.real(0, order), e.real(1, order)}, {difference});
    e.op("Mul", {difference, difference}, {to});
  });
  return done();
}

Result<void> softmax(Exporter& e) {
  std::string x = e.real(0, Order::kLast);
  if (const double beta = e.node().real("beta", 1); beta != 1) {
    const std::string scaled = e.fresh(e.node().name + "/scaled");
    e.op("Mul", {x, e.scalar(static_cast<float>(beta))}, {scaled});
    x = scaled;
  }
  set(e.op("Softmax", {x}, {e.out_real(Order::kLast)}), "axis", e.node().integer("axis", -1));
  return done();
}

Result<void> log_softmax(Exporter& e) {
  set(e.op("LogSoftmax", {e.real(0, Order::kLast)}, {e.out_real(Order::kLast)}), "axis", e.node().integer("axis", -1));
  return done();
}

Result<void> reduce_mean(Exporter& e) { return reduce(e, "ReduceMean", 18); }
Result<void> reduce_sum(Exporter& e) { return reduce(e, "ReduceSum", 13); }
Result<void> reduce_max(Exporter& e) { return reduce(e, "ReduceMax", 18); }
Result<void> reduce_min(Exporter& e) { return reduce(e, "ReduceMin", 18); }
Result<void> reduce_prod(Exporter& e) { return reduce(e, "ReduceProd", 18); }

Result<void> matmul(Exporter& e) {
  std::string b = e.real(1, Order::kLast);
  if (e.node().integer("trans_b")) {
    std::vector<int64_t> perm;
    for (int64_t d = 0; d < e.in_type(1).rank(); ++d) perm.push_back(d);
    if (perm.size() < 2) return unsupported("a vector that is to be transposed");
    std::swap(perm[perm.size() - 1], perm[perm.size() - 2]);
    const std::string turned = e.fresh(e.node().name + "/turned");
    set(e.op("Transpose", {b}, {turned}), "perm", perm);
    b = turned;
  }
  return e.op("MatMul", {e.real(0, Order::kLast), b}, {e.out_real(Order::kLast)}), done();
}

Result<void> concat(Exporter& e) {
  const Order order = e.natural_order();
  std::vector<std::string> in;
  const bool integers = e.in_integers();
  if (integers) in = e.out_params();
  for (size_t i = 0; i < e.node().inputs.size(); ++i) {
    if (!integers)
      in.push_back(e.real(i, order));
    else
      for (const std::string& name : e.operand(i, order)) in.push_back(name);
  }
  pb::NodeProto& n = integers ? e.op("QLinearConcat", in, {e.out_stored(order)}, kMicrosoft) : e.op("Concat", in, {e.out_real(order)});
  set(n, "axis", ordered_axis(e.node().integer("axis"), e.out_type().rank(), order));
  return done();
}

Result<void> slice(Exporter& e) {
  const std::vector<int64_t> starts = e.node().integers("starts"), ends = e.node().integers("ends");
  std::vector<int64_t> axes = e.node().integers("axes"), steps = e.node().integers("steps");
  for (size_t i = axes.size(); i < starts.size(); ++i) axes.push_back(static_cast<int64_t>(i));
  steps.resize(starts.size(), 1);
  const Order order = e.natural_order();
  for (int64_t& a : axes) a = ordered_axis(a, e.in_type().rank(), order);
  const std::string x = moved(e, order);
  return e.op("Slice", {x, e.ints(starts), e.ints(ends), e.ints(axes), e.ints(steps)}, {moved_out(e, order)}), done();
}

Result<void> split(Exporter& e) {
  const Order order = e.natural_order();
  const int64_t axis = ordered_axis(e.node().integer("axis"), e.in_type().rank(), order), given = e.node().integer("axis");
  std::vector<int64_t> sizes;
  std::vector<std::string> outs;
  const std::string x = moved(e, order);
  for (size_t i = 0; i < e.node().outputs.size(); ++i) {
    if (!e.node().output(i).valid()) return unsupported("a split whose output " + std::to_string(i) + " is absent");
    sizes.push_back(e.out_type(i).dims[static_cast<size_t>(given < 0 ? given + e.in_type().rank() : given)].size);
    outs.push_back(moved_out(e, order, i));
  }
  set(e.op("Split", {x, e.ints(sizes)}, outs), "axis", axis);
  return done();
}

Result<void> reshape(Exporter& e) {
  const std::string x = moved(e, Order::kLast);
  return e.op("Reshape", {x, e.ints(sizes_of(e.out_type()))}, {moved_out(e, Order::kLast)}), done();
}

// A change of the order of channels is a change of names.
Result<void> transpose(Exporter& e) {
  const std::vector<int64_t> perm = e.node().integers("perm");
  const bool same_type = e.in_type().quant == e.out_type().quant;
  if (same_type && perm == std::vector<int64_t>{0, 2, 3, 1}) return e.give_stored(Order::kFirst, e.stored(0, Order::kLast)), done();
  if (same_type && perm == std::vector<int64_t>{0, 3, 1, 2}) return e.give_stored(Order::kLast, e.stored(0, Order::kFirst)), done();
  const std::string x = moved(e, Order::kLast);
  set(e.op("Transpose", {x}, {moved_out(e, Order::kLast)}), "perm", perm);
  return done();
}

Result<void> expand(Exporter& e) { return e.op("Expand", {e.real(0, Order::kLast), e.ints(sizes_of(e.out_type()))}, {e.out_real(Order::kLast)}), done(); }
Result<void> tile(Exporter& e) { return e.op("Tile", {e.real(0, Order::kLast), e.ints(e.node().integers("repeats"))}, {e.out_real(Order::kLast)}), done(); }

Result<void> gather(Exporter& e) {
  set(e.op("Gather", {e.real(0, Order::kLast), e.stored(1, Order::kLast)}, {e.out_real(Order::kLast)}), "axis", e.node().integer("axis"));
  return done();
}

Result<void> cast(Exporter& e) {
  const Order order = e.natural_order();
  set(e.op("Cast", {e.real(0, order)}, {e.out_real(order)}), "to", int64_t{dtype_to_onnx(e.out_type().dtype)});
  return done();
}

// identity, quantize, dequantize, requantize: the types say all.
Result<void> identity(Exporter& e) {
  const Order order = e.natural_order();
  return e.give_real(order, e.real(0, order)), done();
}

}  // namespace verge::formats::onnx::exports
