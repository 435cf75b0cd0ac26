#include <algorithm>
#include <cmath>

#include "kernels/requant/scales.h"
#include "ops/binary/binary.h"
#include "ops/quantize/requantize.h"
#include "ops/quantized.h"
#include "ops/reference_tools.h"
#include "ops/shape_rules.h"

namespace verge::ops {
namespace {

struct Types {
  AffineType x, y, z;
};

Result<Types> types_of(const TensorType& x, const TensorType& y, const TensorType& z) {
  Types types;
  VERGE_TRY(types.x, affine_type(x, "first input"));
  VERGE_TRY(types.y, affine_type(y, "second input"));
  VERGE_TRY(types.z, affine_type(z, "output"));
  return types;
}

TensorType type_of(const Tensor& t) {
  TensorType type(t.dtype(), t.shape());
  type.quant = t.quant();
  return type;
}

bool is_order(const Node& node) { return node.op == "minimum" || node.op == "maximum"; }

// The constants of one node, as TensorFlow Lite's Prepare makes them.
Result<exec::BinaryI8Attrs> attrs_of(const Node& node, const Types& t) {
  for (const AffineType* type : {&t.x, &t.y, &t.z})
    if (dtype_bits(type->dtype) != 8) return unsupported("quantised " + node.op + " of " + dtype_name(type->dtype) + ": only 8-bit types run");
  if (node.op != "add" && node.op != "sub" && node.op != "mul") return unsupported("quantised " + node.op + ": keep it float between dequantize and quantize");
  VERGE_TRY(const RequantMode mode, requant_mode(node));
  exec::BinaryI8Attrs a;
  a.function = static_cast<uint32_t>(node.op == "add" ? exec::BinaryI8::kAdd : node.op == "sub" ? exec::BinaryI8::kSub : exec::BinaryI8::kMul);
  a.mode = static_cast<uint32_t>(mode);
  const IntegerClamp clamp = integer_clamp(node, {{t.z.scale}, {t.z.zero_point}, -1}, t.z.dtype);
  a.min = clamp.min;
  a.max = clamp.max;
  Multiplier x, y, z = product_multiplier(t.x.scale, t.y.scale, t.z.scale);
  if (node.op != "mul") {
    const double twice_max = 2 * static_cast<double>(std::max(t.x.scale, t.y.scale));
    x = quantize_multiplier(static_cast<double>(t.x.scale) / twice_max);
    y = quantize_multiplier(static_cast<double>(t.y.scale) / twice_max);
    z = quantize_multiplier(twice_max / (static_cast<double>(1 << exec::kAddLeftShift) * static_cast<double>(t.z.scale)));
  }
  a.x_multiplier = x.multiplier, a.x_shift = x.shift;
  a.y_multiplier = y.multiplier, a.y_shift = y.shift;
  a.z_multiplier = z.multiplier, a.z_shift = z.shift;
  return a;
}

int32_t value_tflm(const exec::BinaryI8Attrs& a, int32_t x, int32_t y) {
  const Multiplier z{a.z_multiplier, a.z_shift};
  if (a.function == static_cast<uint32_t>(exec::BinaryI8::kMul)) return multiply_by_quantized_multiplier(x * y, z);
  const int32_t p = multiply_by_quantized_multiplier(x << exec::kAddLeftShift, {a.x_multiplier, a.x_shift});
  const int32_t q = multiply_by_quantized_multiplier(y << exec::kAddLeftShift, {a.y_multiplier, a.y_shift});
  return multiply_by_quantized_multiplier(a.function == static_cast<uint32_t>(exec::BinaryI8::kAdd) ? p + q : p - q, z);
}

double value_onnx(const exec::BinaryI8Attrs& a, const Types& t, int32_t x, int32_t y) {
  const float p = t.x.scale * static_cast<float>(x), q = t.y.scale * static_cast<float>(y);
  const float real = a.function == static_cast<uint32_t>(exec::BinaryI8::kMul) ? p * q : a.function == static_cast<uint32_t>(exec::BinaryI8::kAdd) ? p + q : p - q;
  return std::nearbyint(static_cast<double>(real / t.z.scale));
}

Result<void> reference_order(ReferenceContext& c, const Types& t) {
  VERGE_TRY(const RequantMode mode, requant_mode(c.node));
  const Requantizer x(t.x, t.z, mode), y(t.y, t.z, mode);
  const auto value = [&](const Requantizer& r, const Tensor& in, int64_t i) {
    const auto q = static_cast<int32_t>(in.at(broadcast_index(c.out[0].shape(), in.shape(), i)));
    return r.x == r.y ? q : r(q);
  };
  std::vector<int64_t> z(static_cast<size_t>(c.out[0].count()));
  for (int64_t i = 0; i < c.out[0].count(); ++i) {
    const int32_t p = value(x, c.in[0], i), q = value(y, c.in[1], i);
    z[i] = c.node.op == "minimum" ? std::min(p, q) : std::max(p, q);
  }
  fill(c.out[0], z);
  return done();
}

}  // namespace

Result<void> reference_binary_quantized(ReferenceContext& c) {
  VERGE_TRY(const Types t, types_of(type_of(c.in[0]), type_of(c.in[1]), type_of(c.out[0])));
  if (is_order(c.node)) return reference_order(c, t);
  VERGE_TRY(const exec::BinaryI8Attrs a, attrs_of(c.node, t));
  const std::vector<int64_t> x = c.in[0].to_ints(), y = c.in[1].to_ints();
  std::vector<double> z(static_cast<size_t>(c.out[0].count()));
  for (int64_t i = 0; i < c.out[0].count(); ++i) {
    const auto p = static_cast<int32_t>(x[broadcast_index(c.out[0].shape(), c.in[0].shape(), i)] - t.x.zero_point);
    const auto q = static_cast<int32_t>(y[broadcast_index(c.out[0].shape(), c.in[1].shape(), i)] - t.y.zero_point);
    const double value = a.mode == static_cast<uint32_t>(RequantMode::kOnnx) ? value_onnx(a, t, p, q) : value_tflm(a, p, q);
    z[i] = std::clamp<double>(value + t.z.zero_point, a.min, a.max);
  }
  fill(c.out[0], z);
  return done();
}

Result<void> lower_binary_quantized(const Node& node, Emitter& emitter) {
  const Graph& g = emitter.graph();
  VERGE_TRY(const Types t, types_of(g.type(node.input(0)), g.type(node.input(1)), g.type(node.output())));
  const TensorRef out = emitter.tensor(node.output());
  if (is_order(node)) {
    VERGE_TRY(const RequantMode mode, requant_mode(node));
    const std::vector<TensorRef> in{requantized(emitter, node.input(0), t.x, t.z, mode, node.name + ".a"),
                                    requantized(emitter, node.input(1), t.y, t.z, mode, node.name + ".b")};
    const auto function = node.op == "minimum" ? exec::BinaryInt::kMinimum : exec::BinaryInt::kMaximum;
    emitter.emit(exec::Op::binary_int, in, {out}, exec::BinaryIntAttrs{static_cast<uint32_t>(function)}, {}, in_place_operand(g, node));
    return done();
  }
  VERGE_TRY(const exec::BinaryI8Attrs attrs, attrs_of(node, t));
  emitter.emit(exec::Op::binary_i8, {emitter.tensor(node.input(0)), emitter.tensor(node.input(1))}, {out}, attrs, {}, in_place_operand(g, node));
  return done();
}

}  // namespace verge::ops
