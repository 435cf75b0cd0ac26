#include "ops/quantize/requantize.h"

#include <algorithm>
#include <cmath>

#include "kernels/requant/scales.h"
#include "ops/quantize/quantize_attrs.h"
#include "ops/quantized.h"
#include "ops/reference_tools.h"
#include "ops/unary/unary_attrs.h"

namespace verge::ops {

Requantizer::Requantizer(const AffineType& from, const AffineType& to, RequantMode rounding)
    : x(from), y(to), mode(rounding), multiplier(ratio_multiplier(from.scale, to.scale)) {}

int32_t Requantizer::operator()(int32_t q) const {
  const int64_t centred = int64_t{q} - x.zero_point;
  if (mode == RequantMode::kOnnx) {
    const auto real = static_cast<float>(static_cast<double>(x.scale) * static_cast<double>(centred));
    return y.saturated(static_cast<double>(std::nearbyint(real / y.scale)) + y.zero_point);
  }
  const int64_t scaled = multiply_by_quantized_multiplier(static_cast<int32_t>(static_cast<uint32_t>(centred)), multiplier);
  return static_cast<int32_t>(std::clamp<int64_t>(scaled + y.zero_point, y.min, y.max));
}

void requantize_all(std::vector<int64_t>& values, const AffineType& from, const AffineType& to, RequantMode mode) {
  if (from == to) return;
  const Requantizer requantize(from, to, mode);
  for (int64_t& v : values) v = requantize(static_cast<int32_t>(v));
}

void emit_requantize(Emitter& emitter, TensorRef in, TensorRef out, const Requantizer& r, const std::string& name) {
  if (dtype_bits(r.x.dtype) == 8 && dtype_bits(r.y.dtype) == 8) {
    Tensor table(DataType::kU8, {256});
    for (int32_t q = r.x.min; q <= r.x.max; ++q) table.data()[static_cast<uint8_t>(q)] = static_cast<uint8_t>(r(q));
    emitter.emit(exec::Op::lut8, {in, emitter.constant(table, name + ".requantize")}, {out}, exec::Lut8Attrs{}, {}, 0);
    return;
  }
  emitter.emit(exec::Op::requantize, {in}, {out}, exec::RequantizeAttrs{static_cast<uint32_t>(r.mode), r.multiplier.multiplier, r.multiplier.shift});
}

void emit_dequantize(Emitter& emitter, TensorRef in, TensorRef out) { emitter.emit(exec::Op::dequantize, {in}, {out}, exec::DequantizeAttrs{}); }

TensorRef requantized(Emitter& emitter, ValueId value, const AffineType& from, const AffineType& to, RequantMode mode, const std::string& name) {
  if (from == to) return emitter.tensor(value);
  const TensorRef out = emitter.temporary(to.dtype, emitter.graph().type(value).shape(), {{to.scale}, {to.zero_point}, -1});
  emit_requantize(emitter, emitter.tensor(value), out, Requantizer(from, to, mode), name);
  return out;
}

Result<TensorRef> moved_input(Emitter& emitter, const Node& node, size_t input, size_t output) {
  const TensorType &x = emitter.graph().type(node.input(input)), &y = emitter.graph().type(node.output(output));
  if (x.dtype == y.dtype && (x.quant == y.quant || !x.quantized() || !y.quantized())) return emitter.tensor(node.input(input));
  VERGE_TRY(const AffineType from, affine_type(x, "input"));
  VERGE_TRY(const AffineType to, affine_type(y, "output"));
  VERGE_TRY(const RequantMode mode, requant_mode(node));
  return requantized(emitter, node.input(input), from, to, mode, node.name + "." + std::to_string(input));
}

Result<Tensor> moved_tensor(const Node& node, const Tensor& x, const Tensor& y) {
  if (x.dtype() == y.dtype() && (x.quant() == y.quant() || x.quant().empty() || y.quant().empty())) return x;
  VERGE_TRY(const AffineType from, affine_type(x, "input"));
  VERGE_TRY(const AffineType to, affine_type(y, "output"));
  VERGE_TRY(const RequantMode mode, requant_mode(node));
  std::vector<int64_t> values = x.to_ints();
  requantize_all(values, from, to, mode);
  Tensor out(y.dtype(), x.shape());
  fill(out, values);
  return out;
}

}  // namespace verge::ops
