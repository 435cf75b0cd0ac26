// Quantised networks. A value with scale and zero point is an integer value whose type carries them; Q and DQ pairs become quantize and dequantize nodes,
// operators on quantised tensors become core operators between quantised types. All requantise as ONNX defines it: float scale, ties to even.
#include "formats/onnx/quantisation.h"

#include <algorithm>
#include <cmath>

#include "base/integers.h"
#include "formats/onnx/product.h"
#include "formats/onnx/shorthand.h"
#include "formats/onnx/table.h"
#include "formats/onnx/weights.h"
#include "formats/onnx/window.h"

namespace verge::formats::onnx {

namespace {

Result<QuantParams> params_of(NodeContext& c, const Tensor* s, const Tensor* z, int axis) {
  if (s->shape().rank > 1 || s->count() < 1) return c.refuse("its scale has " + std::to_string(s->shape().rank) + " dimensions (quantised in blocks)");
  if (z && z->count() != s->count()) return c.damaged("its zero points are " + std::to_string(z->count()) + ", its scales " + std::to_string(s->count()));
  QuantParams out;
  for (double v : s->to_doubles()) out.scale.push_back(static_cast<float>(v));
  for (float v : out.scale)
    if (!(v > 0) || !std::isfinite(v)) return c.damaged("a scale of " + std::to_string(v));
  out.zero_point.assign(out.scale.size(), 0);
  for (size_t i = 0; z && i < out.zero_point.size(); ++i) out.zero_point[i] = to_integer<int32_t>(z->at(static_cast<int64_t>(i)));
  if (out.scale.size() > 1) out.axis = axis;
  return out;
}

}  // namespace

Result<std::optional<QuantParams>> quant_params(NodeContext& c, size_t scale, size_t zero_point, int axis) {
  const Tensor *s = c.constant(scale), *z = c.constant(zero_point);
  if (!s || (c.has(zero_point) && !z)) return std::optional<QuantParams>();
  VERGE_TRY(QuantParams out, params_of(c, s, z, axis));
  return std::optional(std::move(out));
}

Result<QuantParams> known_quant_params(NodeContext& c, size_t scale, size_t zero_point, int axis) {
  VERGE_TRY(const Tensor s, c.known(scale, "scale"));
  if (!c.has(zero_point)) return params_of(c, &s, nullptr, axis);
  VERGE_TRY(const Tensor z, c.known(zero_point, "zero point"));
  return params_of(c, &s, &z, axis);
}

Result<ValueId> quantised_input(NodeContext& c, size_t x, int axis) {
  VERGE_TRY(const QuantParams params, known_quant_params(c, x + 1, x + 2, axis));
  return c.quantised(c.in(x), params);
}

Result<TensorType> quantised_output(NodeContext& c, size_t scale, DataType otherwise) {
  VERGE_TRY(QuantParams params, known_quant_params(c, scale, scale + 1, -1));
  if (params.per_channel()) return c.refuse("its output is quantised per channel");
  TensorType type;
  type.dtype = c.has(scale + 1) ? c.type(scale + 1).dtype : otherwise;
  type.quant = std::move(params);
  return type;
}

namespace {

const Attrs kOnnxRequant = {{"requant", std::string("onnx")}};

Attrs requantised(Attrs attrs) {
  attrs["requant"] = std::string("onnx");
  return attrs;
}

// The dimension along which a list of scales runs.
Result<int> quant_axis(NodeContext& c) {
  const int rank = c.type(size_t{0}).ranked ? c.type(size_t{0}).rank() : 0;
  const int64_t axis = c.integer("axis", 1);
  return rank > 0 && axis >= -rank && axis < rank ? static_cast<int>(axis < 0 ? axis + rank : axis) : -1;
}

// A scalar, or a list along `axis` in a shape that broadcasts to the data.
ValueId spread(NodeContext& c, ValueId value, int axis, ValueId like) {
  if (c.type(value).rank() == 0 || axis < 0) return value;
  std::vector<int64_t> shape(c.type(like).rank(), 1);
  shape[axis] = -1;
  return c.add("reshape", {value}, {{"shape", shape}});
}

ValueId as_float(NodeContext& c, ValueId value) { return c.type(value).dtype == DataType::kF32 ? value : c.add("cast", {value}, {{"to", std::string("f32")}}); }

// The range of an 8 or 16-bit type.
std::pair<double, double> limits(DataType dtype) {
  switch (dtype) {
    case DataType::kU8: return {0, 255};
    case DataType::kI16: return {-32768, 32767};
    case DataType::kU16: return {0, 65535};
    default: return {-128, 127};
  }
}

// Scales or zero points of blocks of `block` elements along `axis`, one for each element.
Result<ValueId> unblocked(NodeContext& c, ValueId value, int axis, int64_t block, const Shape& like) {
  VERGE_TRY(const Shape blocks, known_shape(c, value, "scale"));
  if (axis < 0 || blocks.rank != like.rank || int64_t{blocks[axis]} * block < like[axis]) return c.damaged("its scale " + c.type(value).text() + " does not fit blocks of " + std::to_string(block));
  std::vector<int64_t> each(blocks.dim, blocks.dim + blocks.rank), all = each;
  each.insert(each.begin() + axis + 1, 1);
  std::vector<int64_t> wide = each;
  wide[axis + 1] = block;
  all[axis] *= block;
  return sliced(c, shaped(c, expanded(c, shaped(c, value, each), wide), all), axis, 0, like[axis]);
}

// Scale and zero point (invalid: none) in a shape that broadcasts to the data.
struct Spread {
  ValueId scale, zero_point;
};
Result<Spread> spread_params(NodeContext& c, int axis) {
  const int64_t block = c.integer("block_size", 0);
  if (block <= 0) return Spread{spread(c, c.in(1), axis, c.in(0)), c.has(2) ? spread(c, c.in(2), axis, c.in(0)) : ValueId{}};
  VERGE_TRY(const Shape like, known_shape(c, c.in(0), "input"));
  Spread out;
  VERGE_TRY(out.scale, unblocked(c, c.in(1), axis, block, like));
  if (c.has(2)) {
    VERGE_TRY(out.zero_point, unblocked(c, c.in(2), axis, block, like));
  }
  return out;
}

// round(x / scale) + zero_point, saturated: with a computed scale these are plain operators.
ValueId quantized_by(NodeContext& c, ValueId x, ValueId scale, ValueId zero_point, DataType dtype) {
  ValueId q = c.add("round", {c.add("div", {x, scale})});
  if (zero_point.valid()) q = c.add("add", {q, as_float(c, zero_point)});
  const auto [low, high] = limits(dtype);
  return c.add("cast", {c.add("clamp", {q}, {{"min", low}, {"max", high}})}, {{"to", std::string(dtype_name(dtype))}});
}

Result<void> quantize(NodeContext& c) {
  VERGE_TRY(const int axis, quant_axis(c));
  const DataType declared = dtype_from_onnx(static_cast<int32_t>(c.integer("output_dtype", 0)));
  const DataType dtype = c.has(2) ? c.type(2).dtype : declared != DataType::kNone ? declared : DataType::kU8;
  if (!is_integer(dtype) && !(c.has(2) && !c.constant(2))) return c.refuse("it quantises to a type that is not an integer");
  const bool blocked = c.integer("block_size", 0) > 0;
  VERGE_TRY(auto params, blocked ? Result<std::optional<QuantParams>>(std::optional<QuantParams>()) : quant_params(c, 1, 2, axis));
  if (!params && (dtype_bits(dtype) < 8 || dtype_bits(dtype) > 16)) return c.refuse("its scale is computed by the model, and its result is not of 8 or 16 bits");
  if (!params) {
    VERGE_TRY(const Spread by, spread_params(c, axis));
    return c.finish(quantized_by(c, as_float(c, c.in(0)), as_float(c, by.scale), by.zero_point, dtype));
  }
  TensorType type;
  type.dtype = dtype;
  type.quant = *std::move(params);
  return c.finish(c.add("quantize", {as_float(c, c.in(0))}, kOnnxRequant, std::move(type)));
}

Result<void> dequantize(NodeContext& c) {
  VERGE_TRY(const int axis, quant_axis(c));
  const bool blocked = c.integer("block_size", 0) > 0;
  VERGE_TRY(const auto params, blocked ? Result<std::optional<QuantParams>>(std::optional<QuantParams>()) : quant_params(c, 1, 2, axis));
  if (params) {
    const ValueId y = c.add("dequantize", {c.quantised(c.in(0), *params)}, kOnnxRequant, TensorType(DataType::kF32, Shape{}));
    const DataType wanted = c.type(1).dtype;
    return c.finish(wanted == DataType::kF32 ? y : c.add("cast", {y}, {{"to", std::string(dtype_name(wanted))}}));
  }
  VERGE_TRY(const Spread by, spread_params(c, axis));
  ValueId x = as_float(c, c.in(0));
  if (by.zero_point.valid()) x = c.add("sub", {x, as_float(c, by.zero_point)});
  const ValueId y = c.add("mul", {x, as_float(c, by.scale)});
  return c.finish(cast(c, y, c.type(1).dtype));
}

// scale = (max(x, 0) - min(x, 0)) / 255, zero point = round(-min / scale), both of the data at hand.
Result<void> dynamic_quantize(NodeContext& c) {
  const ValueId x = c.in(0), zero = c.scalar(0, x);
  const Attrs all = {{"axes", std::vector<int64_t>{}}, {"keepdims", int64_t{0}}};
  const ValueId high = c.add("maximum", {c.add("reduce_max", {x}, all), zero}), low = c.add("minimum", {c.add("reduce_min", {x}, all), zero});
  const ValueId scale = c.add("div", {c.add("sub", {high, low}), c.scalar(255, x)});
  const ValueId exact = c.add("neg", {c.add("div", {low, scale})});
  const ValueId rounded = c.add("round", {c.add("clamp", {exact}, {{"min", 0.0}, {"max", 255.0}})});
  const ValueId zero_point = c.add("cast", {rounded}, {{"to", std::string("u8")}});
  VERGE_CHECK(c.finish(quantized_by(c, x, scale, zero_point, DataType::kU8), 0));
  VERGE_CHECK(c.finish(scale, 1));
  return c.finish(zero_point, 2);
}

// Less the zero points, which are one or a list along `axis`.
ValueId centred(NodeContext& c, ValueId x, ValueId zero_point, int axis) {
  const ValueId value = as_float(c, x);
  return zero_point.valid() ? c.add("sub", {value, spread(c, as_float(c, zero_point), axis, value)}) : value;
}

// Sums of products of 8-bit integers are exact in f32 below 2^24. The largest possible sum of each output is known where the weights are; where they are
// computed, their number bounds it.
bool sums_are_exact(NodeContext& c, ValueId weights, const std::vector<int>& outputs_last) {
  constexpr double kExact = 1 << 24, kLargest = 255;
  const TensorType& type = c.type(weights);
  if (!type.is_static() || type.rank() == 0) return false;
  const int64_t outputs = type.shape()[outputs_last.back()];
  const Tensor* w = c.graph().constant(weights);
  if (!w) return outputs > 0 && static_cast<double>(type.shape().count() / outputs) * kLargest * kLargest < kExact;
  std::vector<double> sums(static_cast<size_t>(outputs), 0.0);
  const Tensor columns = transposed(*w, outputs_last);
  for (int64_t i = 0; i < columns.count(); ++i) sums[static_cast<size_t>(i % outputs)] += std::abs(columns.at(i));
  return std::all_of(sums.begin(), sums.end(), [](double sum) { return sum * kLargest < kExact; });
}

// All dimensions in order, `last` behind the others.
std::vector<int> with_last(int rank, int last) {
  std::vector<int> out;
  for (int i = 0; i < rank; ++i)
    if (i != last) out.push_back(i);
  out.push_back(last);
  return out;
}

constexpr const char* kInexact = "its integer sums may exceed 2^24, which the float form that stands for it does not hold exactly";
constexpr const char* kStatic = "quantise with static ranges (quantize_static) instead of dynamic ones, or convert the float model";

Result<void> conv_integer(NodeContext& c) {
  VERGE_TRY(WindowForm form, window_form(c));
  VERGE_TRY(const ValueId weights, c.fixed(1, "weights"));
  VERGE_TRY(const ValueId zero_point, c.fixed(3, "zero point of the weights"));
  const ValueId w = centred(c, weights, zero_point, 0);
  if (c.type(w).rank() < 1 || !sums_are_exact(c, w, with_last(c.type(w).rank(), 0))) return c.refuse(kInexact, kStatic);
  form.attrs["groups"] = c.integer("group", 1);
  VERGE_TRY(const ValueId moved, conv_weights(c, w, form));
  const ValueId y = as_source(c, form, c.add("conv", {as_plane(c, form, centred(c, c.in(0), c.in(2), -1)), moved}, form.attrs));
  return c.finish(c.add("cast", {y}, {{"to", std::string("i32")}}));
}

// Less the zero points, in i32.
ValueId centred_integers(NodeContext& c, size_t x, size_t zero_point, int axis) {
  const ValueId value = cast(c, c.in(x), DataType::kI32);
  return c.has(zero_point) ? c.add("sub", {value, spread(c, cast(c, c.in(zero_point), DataType::kI32), axis, value)}) : value;
}

// In f32 where that is exact, which is faster.
Result<void> matmul_integer(NodeContext& c) {
  const int a_axis = c.type(size_t{0}).rank() - 2, b_axis = c.type(1).rank() - 1;
  const ValueId b = centred(c, c.in(1), c.in(3), b_axis);
  if (c.type(b).rank() < 1 || !sums_are_exact(c, b, with_last(c.type(b).rank(), c.type(b).rank() - 1)))
    return c.finish(c.add("matmul", {centred_integers(c, 0, 2, a_axis), centred_integers(c, 1, 3, b_axis)}, {{"trans_b", int64_t{0}}}));
  const ValueId y = product(c, {centred(c, c.in(0), c.in(2), a_axis), b});
  return c.finish(c.add("cast", {y}, {{"to", std::string("i32")}}));
}

// x, x_scale, x_zero_point, w, w_scale, w_zero_point, y_scale, y_zero_point, bias
Result<void> qlinear_conv(NodeContext& c) {
  VERGE_TRY(WindowForm form, window_form(c));
  VERGE_TRY(const ValueId x, quantised_input(c, 0));
  VERGE_TRY(const ValueId weights, c.fixed(3, "weights"));
  VERGE_TRY(const QuantParams params, known_quant_params(c, 4, 5, 0));
  const ValueId kernel = c.quantised(weights, params);
  if (!kernel.valid() || !x.valid()) return c.finish({});
  VERGE_TRY(const ValueId w, conv_weights(c, kernel, form));
  VERGE_TRY(const ValueId bias, quantised_bias(c, 8, x, w));
  VERGE_TRY(TensorType type, quantised_output(c, 6, c.type(size_t{0}).dtype));
  form.attrs["groups"] = c.integer("group", 1);
  const ValueId plane = as_plane(c, form, x);
  return c.finish(as_source(c, form, c.add("conv", {plane, w, bias}, requantised(form.attrs), std::move(type))));
}

// a, a_scale, a_zero_point, b, b_scale, b_zero_point, y_scale, y_zero_point
Result<void> qlinear_matmul(NodeContext& c) {
  VERGE_TRY(const ValueId a, quantised_input(c, 0));
  VERGE_TRY(const ValueId b, quantised_input(c, 3, c.type(3).rank() - 1));
  if (!a.valid() || !b.valid()) return c.finish({});
  if (c.type(a).quant.per_channel()) return c.refuse("its first operand is quantised per row", "quantise it per tensor");
  VERGE_TRY(TensorType type, quantised_output(c, 6, c.type(size_t{0}).dtype));
  if (is_weight(c.graph(), b) && c.type(b).rank() == 2) return c.finish(c.add("dense", {a, rearranged(c, b, {1, 0})}, kOnnxRequant, std::move(type)));
  return c.finish(c.add("matmul", {a, b}, requantised({{"trans_b", int64_t{0}}}), std::move(type)));
}

constexpr Row kRows[] = {
    {"ConvInteger", 10, kNewest, conv_integer},
    {"DequantizeLinear", 10, kNewest, dequantize},
    {"DynamicQuantizeLinear", 11, kNewest, dynamic_quantize},
    {"MatMulInteger", 10, kNewest, matmul_integer},
    {"QLinearConv", 10, kNewest, qlinear_conv},
    {"QLinearMatMul", 10, kNewest, qlinear_matmul},
    {"QuantizeLinear", 10, kNewest, quantize},
};

}  // namespace

Result<ValueId> quantised_bias(NodeContext& c, size_t i, ValueId x, ValueId w) {
  if (!c.has(i)) return ValueId{};
  const QuantParams &xq = c.type(x).quant, &wq = c.type(w).quant;
  QuantParams params;
  for (float s : wq.scale) params.scale.push_back(xq.scale[0] * s);
  params.zero_point.assign(params.scale.size(), 0);
  if (params.per_channel()) params.axis = 0;
  VERGE_TRY(const ValueId bias, c.fixed(i, "bias"));
  return c.quantised(bias, params);
}

std::span<const Row> quantisation_rows() { return kRows; }

}  // namespace verge::formats::onnx
