#include "ops/quantized.h"

#include <algorithm>
#include <cmath>

#include "kernels/requant/scales.h"

namespace verge::ops {
namespace {

struct TypeRange {
  int32_t min, max;
};

TypeRange type_range(DataType dtype) {
  switch (dtype) {
    case DataType::kU8: return {0, 255};
    case DataType::kI16: return {-32768, 32767};
    case DataType::kU16: return {0, 65535};
    default: return {-128, 127};
  }
}

bool usable(float scale) { return scale > 0 && std::isfinite(scale); }

}  // namespace

RealClamp real_clamp(const Node& node) {
  const double infinity = std::numeric_limits<double>::infinity();
  return {node.real("clamp_min", -infinity), node.real("clamp_max", infinity)};
}

IntegerClamp integer_clamp(const Node& node, const QuantParams& quant, DataType dtype) {
  const RealClamp real = real_clamp(node);
  const TypeRange range = type_range(dtype);
  const auto bound = [&](double value, int32_t otherwise) {
    const double far = 131072.0 * scale(quant);  // beyond any of the types: quantize_bound stays within 32 bits
    if (!std::isfinite(value)) return otherwise;
    return std::clamp(quantize_bound(static_cast<float>(std::clamp(value, -far, far)), scale(quant), zero_point(quant)), range.min, range.max);
  };
  return {bound(real.min, range.min), bound(real.max, range.max)};
}

Result<RequantMode> requant_mode(const Node& node) {
  const std::string mode = node.text("requant", "tflm");
  if (mode == "tflm") return RequantMode::kTflm;
  if (mode == "onnx") return RequantMode::kOnnx;
  return invalid("requant '" + mode + "' wants tflm or onnx");
}

bool is_quantized(const Graph& graph, const Node& node) {
  const TensorType &x = graph.type(node.input(0)), &y = graph.type(node.output());
  return x.quantized() && y.quantized() && is_integer(x.dtype) && is_integer(y.dtype);
}

bool is_quantized(const ReferenceContext& c) {
  return !c.in[0].quant().empty() && !c.out[0].quant().empty() && is_integer(c.in[0].dtype()) && is_integer(c.out[0].dtype());
}

bool gives_reals(const Graph& graph, const Node& node) {
  const TensorType &x = graph.type(node.input(0)), &y = graph.type(node.output());
  return x.quantized() && is_8bit(x.dtype) && y.dtype == DataType::kF32;
}

bool gives_reals(const ReferenceContext& c) { return !c.in[0].quant().empty() && is_8bit(c.in[0].dtype()) && c.out[0].dtype() == DataType::kF32; }

int32_t zero_point(const QuantParams& quant, size_t i) { return quant.zero_point.empty() ? 0 : quant.zero_point[quant.zero_point.size() > 1 ? i : 0]; }

float scale(const QuantParams& quant, size_t i) { return quant.scale.empty() ? 1.0f : quant.scale[quant.scale.size() > 1 ? i : 0]; }

std::vector<int64_t> centred(const Tensor& tensor) {
  std::vector<int64_t> values = tensor.to_ints();
  const QuantParams& quant = tensor.quant();
  const int axis = quant.zero_point.size() > 1 ? quant.axis : 0;
  const Shape& shape = tensor.shape();
  const int64_t inner = shape.rank == 0 ? 1 : shape.count(axis + 1, shape.rank), along = shape.rank == 0 ? 1 : shape[axis];
  for (size_t i = 0; i < values.size(); ++i) values[i] -= zero_point(quant, static_cast<size_t>(static_cast<int64_t>(i) / inner % along));
  return values;
}

int32_t ChannelRequant::operator()(int64_t sum, size_t channel) const {
  if (wide) return clamp(int64_t{multiply_wide_by_quantized_multiplier(sum, multiplier[channel])} + zero_point);
  const auto wrapped = static_cast<int32_t>(static_cast<uint32_t>(sum));
  if (mode == RequantMode::kTflm) return clamp(int64_t{multiply_by_quantized_multiplier(wrapped, multiplier[channel])} + zero_point);
  const float real = static_cast<float>(wrapped) * scale[channel];
  return clamp(static_cast<int64_t>(std::nearbyint(std::fmin(std::fmax(real, -65536.0f), 65536.0f))) + zero_point);
}

Result<ChannelRequant> channel_requant(const Node& node, const QuantParams& x, const QuantParams& w, const QuantParams& y, DataType y_dtype, size_t channels,
                                       ScaleProduct product) {
  if (x.per_channel() || y.per_channel()) return unsupported("input or output is quantised per channel; only weights may be");
  if (w.per_channel() && w.scale.size() != channels)
    return invalid("weights have " + std::to_string(w.scale.size()) + " scales, want 1 or " + std::to_string(channels));
  ChannelRequant out;
  VERGE_TRY(out.mode, requant_mode(node));
  if (y_dtype == DataType::kF32) out.mode = RequantMode::kNone;
  out.zero_point = zero_point(y);
  out.clamp = integer_clamp(node, y, y_dtype);
  for (size_t i = 0; i < channels; ++i) {
    const float sx = scale(x), sw = scale(w, i), sy = scale(y);
    if (!usable(sx) || !usable(sy) || sw < 0 || !std::isfinite(sw)) return invalid("a scale is not a positive number");
    if (out.mode != RequantMode::kTflm) {
      out.scale.push_back(sx * sw / sy);
    } else {
      out.multiplier.push_back(product == ScaleProduct::kFloat ? dense_multiplier(sx, sw, sy) : product_multiplier(sx, sw, sy));
    }
  }
  return out;
}

void store(const std::vector<double>& values, Tensor& out) {
  const QuantParams quant = out.quant();
  out = cast_tensor(Tensor::of(out.shape(), values), out.dtype());
  out.set_quant(quant);
}

}  // namespace verge::ops
