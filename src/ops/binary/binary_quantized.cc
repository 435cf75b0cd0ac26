#include <algorithm>
#include <cmath>

#include "core/text.h"
#include "kernels/binary_i8/binary_i8.h"
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

Result<BinaryI8Op> function_of(const Node& node) {
  constexpr std::pair<const char*, BinaryI8Op> kFunctions[] = {{"add", BinaryI8Op::kAdd}, {"sub", BinaryI8Op::kSub},     {"mul", BinaryI8Op::kMul},
                                                               {"prelu", BinaryI8Op::kPrelu}, {"maximum", BinaryI8Op::kMax}, {"minimum", BinaryI8Op::kMin}};
  for (const auto& [name, op] : kFunctions)
    if (node.op == name) return op;
  return unsupported("quantised " + node.op + " has no integer rule: keep it float between dequantize and quantize");
}

constexpr int kMostShift = 30;
// 2^13: what any product of two bytes but 0 leaves an 8-bit range by, as it does by each greater multiplier; 255 * 255 << 14 stays within 31 bits.
constexpr Multiplier kSaturating{1 << 30, 14};

bool is_extreme(BinaryI8Op op) { return op == BinaryI8Op::kMax || op == BinaryI8Op::kMin; }

// The constants of one node; minimum and maximum see both inputs in the output's type.
Result<BinaryI8> params_of(const Node& node, BinaryI8Op op, const Types& t) {
  for (const AffineType* type : {&t.x, &t.y, &t.z})
    if ((!is_8bit(type->dtype) && type->dtype != DataType::kI16) || type->dtype != t.z.dtype)
      return unsupported("quantised " + node.op + " of " + dtype_name(t.x.dtype) + " and " + dtype_name(t.y.dtype) + " to " + dtype_name(t.z.dtype) +
                         ": runs on i8, u8 or i16 throughout");
  BinaryI8 p;
  VERGE_TRY(p.mode, requant_mode(node));
  p.is_unsigned = t.z.dtype == DataType::kU8;
  p.is_wide = t.z.dtype == DataType::kI16;
  p.x_zero_point = t.x.zero_point, p.y_zero_point = t.y.zero_point, p.z_zero_point = t.z.zero_point;
  p.x_scale = t.x.scale, p.y_scale = t.y.scale, p.z_scale = t.z.scale;
  const IntegerClamp clamp = integer_clamp(node, {{t.z.scale}, {t.z.zero_point}, -1}, t.z.dtype);
  p.min = clamp.min, p.max = clamp.max;
  if (op == BinaryI8Op::kAdd) set_add_multipliers(p.x_scale, p.y_scale, p.z_scale, &p);
  if (op == BinaryI8Op::kSub) set_sub_multipliers(p.x_scale, p.y_scale, p.z_scale, &p);
  if (op == BinaryI8Op::kMul) set_mul_multiplier(p.x_scale, p.y_scale, p.z_scale, &p);
  if (op == BinaryI8Op::kPrelu) set_prelu_multipliers(p.x_scale, p.y_scale, p.z_scale, &p);
  if (op == BinaryI8Op::kMul && p.mode == RequantMode::kTflm && is_8bit(t.z.dtype) && p.z.shift > kMostShift) p.z = kSaturating;
  for (const Multiplier& m : {p.x, p.y, p.z})
    if (p.mode == RequantMode::kTflm && m.shift > kMostShift)
      return unsupported("quantised " + node.op + " from scales " + format("%g and %g to %g", p.x_scale, p.y_scale, p.z_scale) + ": the integer contract multiplies by at most 2^30, this is 2^" +
                         std::to_string(m.shift) + "; the file's ranges were never calibrated");
  return p;
}

// a and b are the inputs less their zero points.
int32_t value_tflm(BinaryI8Op op, const BinaryI8& p, int32_t a, int32_t b) {
  const auto scaled = multiply_by_quantized_multiplier;
  const int32_t one = p.is_wide ? 1 << 15 : 1 << 20;
  switch (op) {
    case BinaryI8Op::kMul: return scaled(a * b, p.z);
    case BinaryI8Op::kPrelu: return a < 0 ? scaled(a * b, p.y) : scaled(a, p.x);
    case BinaryI8Op::kAdd: return scaled(scaled(a * one, p.x) + scaled(b * one, p.y), p.z);
    case BinaryI8Op::kSub: return scaled(scaled(a * one, p.x) - scaled(b * one, p.y), p.z);
    case BinaryI8Op::kMax: return std::max(a, b);
    case BinaryI8Op::kMin: return std::min(a, b);
  }
  return 0;
}

double value_onnx(BinaryI8Op op, const BinaryI8& p, int32_t a, int32_t b) {
  const float x = p.x_scale * static_cast<float>(a), y = p.y_scale * static_cast<float>(b);
  const float real = op == BinaryI8Op::kMul ? x * y : op == BinaryI8Op::kPrelu ? (a < 0 ? x * y : x) : op == BinaryI8Op::kAdd ? x + y : x - y;
  return is_extreme(op) ? value_tflm(op, p, a, b) : std::nearbyint(static_cast<double>(real / p.z_scale));
}

}  // namespace

Result<void> reference_binary_quantized(ReferenceContext& c) {
  VERGE_TRY(const BinaryI8Op op, function_of(c.node));
  VERGE_TRY(Types t, types_of(type_of(c.in[0]), type_of(c.in[1]), type_of(c.out[0])));
  VERGE_TRY(const RequantMode mode, requant_mode(c.node));
  std::vector<int64_t> x = c.in[0].to_ints(), y = c.in[1].to_ints();
  if (is_extreme(op)) {
    requantize_all(x, t.x, t.z, mode);
    requantize_all(y, t.y, t.z, mode);
    t.x = t.y = t.z;
  }
  VERGE_TRY(const BinaryI8 p, params_of(c.node, op, t));
  std::vector<double> z(static_cast<size_t>(c.out[0].count()));
  for (int64_t i = 0; i < c.out[0].count(); ++i) {
    const auto a = static_cast<int32_t>(x[broadcast_index(c.out[0].shape(), c.in[0].shape(), i)] - t.x.zero_point);
    const auto b = static_cast<int32_t>(y[broadcast_index(c.out[0].shape(), c.in[1].shape(), i)] - t.y.zero_point);
    const double value = mode == RequantMode::kOnnx ? value_onnx(op, p, a, b) : value_tflm(op, p, a, b);
    z[i] = std::clamp<double>(value + t.z.zero_point, p.min, p.max);
  }
  fill(c.out[0], z);
  return done();
}

Result<void> lower_binary_quantized(const Node& node, Emitter& emitter) {
  const Graph& g = emitter.graph();
  VERGE_TRY(const BinaryI8Op op, function_of(node));
  VERGE_TRY(Types t, types_of(g.type(node.input(0)), g.type(node.input(1)), g.type(node.output())));
  VERGE_TRY(const RequantMode mode, requant_mode(node));
  std::vector<TensorRef> in;
  if (is_extreme(op)) {
    in = {requantized(emitter, node.input(0), t.x, t.z, mode, node.name + ".a"), requantized(emitter, node.input(1), t.y, t.z, mode, node.name + ".b")};
    t.x = t.y = t.z;
  } else {
    in = {emitter.tensor(node.input(0)), emitter.tensor(node.input(1))};
  }
  VERGE_TRY(const BinaryI8 p, params_of(node, op, t));
  const exec::BinaryI8Attrs attrs{static_cast<uint32_t>(op), static_cast<uint32_t>(mode), p.x.multiplier, p.x.shift, p.y.multiplier, p.y.shift,
                                  p.z.multiplier,            p.z.shift,                   p.min,          p.max};
  emitter.emit(exec::Op::binary_i8, in, {emitter.tensor(node.output())}, attrs, {}, in_place_operand(g, node));
  return done();
}

}  // namespace verge::ops
