#include "ops/unary/unary_i16.h"

#include <algorithm>
#include <cmath>

#include "kernels/requant/scales.h"
#include "kernels/unary_i16/unary_i16.h"
#include "ops/quantized.h"
#include "ops/unary/unary_i16_attrs.h"

namespace verge::ops {
namespace {

using exec::UnaryI16Attrs;
using exec::UnaryI16Function;

UnaryI16Attrs attrs_of(UnaryI16Function function) {
  UnaryI16Attrs attrs;
  attrs.function = static_cast<uint32_t>(function);
  return attrs;
}

// The quotient of the scales in float, as the reference kernels have it.
Multiplier float_ratio(float x_scale, float y_scale) { return quantize_multiplier(static_cast<double>(x_scale / y_scale)); }

void set_positive(UnaryI16Attrs& attrs, Multiplier m) { attrs.multiplier = m.multiplier, attrs.shift = m.shift; }

UnaryI16Attrs rescale(const AffineType& x, const AffineType& y, double low, double high) {
  UnaryI16Attrs attrs = attrs_of(UnaryI16Function::kRescale);
  set_positive(attrs, float_ratio(x.scale, y.scale));
  const auto bound = [&](double real, int32_t otherwise) {
    return std::isfinite(real) ? std::clamp(quantize_bound(static_cast<float>(real), y.scale, y.zero_point), y.min, y.max) : otherwise;
  };
  attrs.min = bound(low, y.min);
  attrs.max = bound(high, y.max);
  return attrs;
}

UnaryI16Attrs leaky_relu(const AffineType& x, const AffineType& y, float alpha) {
  UnaryI16Attrs attrs = attrs_of(UnaryI16Function::kLeakyRelu);
  set_positive(attrs, float_ratio(x.scale, y.scale));
  const float slope = x.scale * alpha / y.scale;
  const Multiplier negative = quantize_multiplier(static_cast<double>(std::fabs(slope)));
  attrs.negative_multiplier = negative.multiplier, attrs.negative_shift = negative.shift;
  attrs.slope_is_negative = slope < 0;
  return attrs;
}

// Zero points 0 and y's scale 2^-15: what the table of sigmoid is made for.
bool is_contract_sigmoid(const AffineType& x, const AffineType& y) { return x.zero_point == 0 && y.zero_point == 0 && y.scale == 0x1p-15f; }

UnaryI16Attrs sigmoid(UnaryI16Function function, SigmoidI16 input) {
  UnaryI16Attrs attrs = attrs_of(function);
  set_positive(attrs, {input.multiplier, input.shift});
  return attrs;
}

Tensor sigmoid_table() {
  Tensor table(DataType::kU16, {static_cast<int32_t>(kSigmoidTable)});
  make_sigmoid_table(table.mut<uint16_t>().data());
  return table;
}

}  // namespace

Result<UnaryI16Attrs> unary_i16(const Node& node, const AffineType& x, const AffineType& y) {
  constexpr double kUnbounded = std::numeric_limits<double>::infinity();
  const UnaryValue f = unary_value(node);
  VERGE_TRY(const RequantMode mode, requant_mode(node));
  if (mode == RequantMode::kTflm && x.dtype == DataType::kI16 && y.dtype == DataType::kI16) {
    if (node.op == "relu") return rescale(x, y, 0, kUnbounded);
    if (node.op == "clamp") return rescale(x, y, f.a, f.b);
    if (node.op == "leaky_relu") return leaky_relu(x, y, static_cast<float>(f.a));
    if (node.op == "sigmoid" && is_contract_sigmoid(x, y)) return sigmoid(UnaryI16Function::kSigmoid, logistic_input(x.scale));
    if (node.op == "tanh" && is_contract_sigmoid(x, y)) return sigmoid(UnaryI16Function::kTanh, tanh_input(x.scale));
  }
  return unsupported(std::string("quantised ") + node.op + " from " + dtype_name(x.dtype) + " to " + dtype_name(y.dtype) +
                     ": 8-bit types have tables, i16 has rules for relu, clamp, leaky_relu, and for sigmoid and tanh to scale 2^-15");
}

Result<void> lower_unary_i16(const Node& node, Emitter& emitter, const AffineType& x, const AffineType& y) {
  VERGE_TRY(const UnaryI16Attrs attrs, unary_i16(node, x, y));
  std::vector<TensorRef> in{emitter.tensor(node.input(0))};
  if (exec::reads_table(attrs)) in.push_back(emitter.constant(sigmoid_table(), node.name + ".table"));
  emitter.emit(exec::Op::unary_i16, std::move(in), {emitter.tensor(node.output())}, attrs, {}, 0);
  return done();
}

Result<void> reference_unary_i16(ReferenceContext& c, const AffineType& x, const AffineType& y) {
  VERGE_TRY(const UnaryI16Attrs attrs, unary_i16(c.node, x, y));
  const Tensor table = sigmoid_table();
  exec::apply_unary_i16(attrs, x.zero_point, y.zero_point, static_cast<size_t>(c.out[0].count()), c.in[0].values<int16_t>().data(), table.values<uint16_t>().data(),
                        c.out[0].mut<int16_t>().data());
  return done();
}

}  // namespace verge::ops
