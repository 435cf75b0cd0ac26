#include "ops/product_i8.h"

#include <algorithm>

#include "kernels/depthwise_i8/depthwise_i8.h"

namespace verge::ops {
namespace {

// Weights and bias as a packing has them; sums may be absent.
struct Packed {
  Tensor weights, bias, sums;
};
// From weights in the int8 view; x_zero_point in the int8 view too; bias and the weights' zero points may be null.
struct Parts {
  const int8_t* weights;
  const int32_t *bias, *zero_points;
  int32_t x_zero_point;
  bool nibbles;
};
using Pack = Packed (*)(const ConvGeometry& geometry, const Parts& parts);

Packed pack_conv(const ConvGeometry& g, const Parts& parts) {
  const GemmI8Layout layout = conv_i8_layout(g, parts.nibbles);
  const int32_t groups = g.groups, columns = static_cast<int32_t>(round_up_columns(layout.n));
  Packed out{Tensor(DataType::kI8, {groups, static_cast<int32_t>(layout.bytes())}), Tensor(DataType::kI32, {groups, columns}), Tensor(DataType::kI32, {groups, columns})};
  pack_conv_i8(g, parts.nibbles, parts.weights, out.weights.mut<int8_t>().data());
  fold_conv_i8(g, parts.weights, parts.bias, parts.x_zero_point, parts.zero_points, out.bias.mut<int32_t>().data(), out.sums.mut<int32_t>().data());
  return out;
}

// w is [channels][taps].
Packed pack_depthwise(const ConvGeometry& g, const Parts& parts) {
  const int32_t columns = static_cast<int32_t>(round_up_columns(static_cast<size_t>(g.out_c)));
  Packed out{Tensor(DataType::kI8, {static_cast<int32_t>(g.taps()), columns}), Tensor(DataType::kI32, {columns}), {}};
  pack_depthwise_i8(g, parts.weights, 1, g.taps(), out.weights.mut<int8_t>().data());
  fold_depthwise_i8(g, out.weights.values<int8_t>().data(), parts.bias, parts.x_zero_point, parts.zero_points, out.bias.mut<int32_t>().data());
  return out;
}

// Emits constants of one node whose channels fall into `groups` runs, each padded to the kernels' columns.
class Constants {
 public:
  Constants(Emitter& emitter, const std::string& name, int32_t channels, int32_t groups) : emitter_(emitter), name_(name), columns_{.out_c = channels, .groups = groups} {}

  TensorRef add(Tensor tensor, const char* what) { return tensor.dtype() == DataType::kNone ? TensorRef{} : emitter_.constant(std::move(tensor), name_ + what); }
  // A value per channel; none: absent.
  template <typename T> TensorRef spread(const std::vector<T>& values, const char* what) {
    if (values.empty()) return {};
    Tensor out(dtype_of<T>::value, {static_cast<int32_t>(static_cast<size_t>(columns_.groups) * round_up_columns(columns_.group_out()))});
    spread_columns(columns_, values.data(), out.mut<T>().data());
    return add(std::move(out), what);
  }
  // exec::ColumnArrays: `packed` is spread already.
  TensorRef columns(const exec::ProductI8Attrs& attrs, const Packed& packed, const ChannelRequant& requant) {
    const exec::ColumnArrays arrays(attrs, static_cast<uint64_t>(columns_.groups) * round_up_columns(columns_.group_out()));
    Tensor out(DataType::kU8, {static_cast<int32_t>(arrays.bytes())});
    uint8_t* to = out.data();
    std::copy(packed.bias.bytes().begin(), packed.bias.bytes().end(), to);
    if (attrs.sum_bytes == 4) std::copy(packed.sums.bytes().begin(), packed.sums.bytes().end(), to + arrays.sums());
    if (attrs.sum_bytes == 2) std::copy(packed.sums.values<int32_t>().begin(), packed.sums.values<int32_t>().end(), reinterpret_cast<int16_t*>(to + arrays.sums()));
    if (!arrays.tflm) {
      spread_columns(columns_, requant.scale.data(), reinterpret_cast<float*>(to + arrays.factors()));
      return add(std::move(out), ".columns");
    }
    std::vector<int32_t> multiplier;
    std::vector<int8_t> shift;
    for (const Multiplier& m : requant.multiplier) multiplier.push_back(m.multiplier), shift.push_back(static_cast<int8_t>(m.shift));
    spread_columns(columns_, multiplier.data(), reinterpret_cast<int32_t*>(to + arrays.factors()));
    spread_columns(columns_, shift.data(), reinterpret_cast<int8_t*>(to + arrays.shifts()));
    return add(std::move(out), ".columns");
  }

 private:
  Emitter& emitter_;
  const std::string& name_;
  ConvGeometry columns_;
};

uint8_t sum_bytes(const Tensor& sums) {
  if (sums.dtype() == DataType::kNone) return 0;
  const auto values = sums.values<int32_t>();
  return std::all_of(values.begin(), values.end(), [](int32_t v) { return v >= INT16_MIN && v <= INT16_MAX; }) ? 2 : 4;
}

// Symmetric weights that somebody chose in four bits lie two a byte; below a few hundred there is nothing to save.
bool fit_nibbles(const WeightsI8& weights) {
  constexpr size_t kFewest = 256;
  return weights.zero_points.empty() && weights.values.size() >= kFewest && std::all_of(weights.values.begin(), weights.values.end(), [](int8_t w) { return w >= -8 && w <= 7; });
}

Result<LoweredProduct> lower_product(const Node& node, Emitter& emitter, const ConvGeometry& g, ScaleProduct product, Pack pack, Constants constants) {
  const Graph& graph = emitter.graph();
  const TensorType &x = graph.type(node.input(0)), &y = graph.type(node.output());
  const Tensor &w = *graph.constant(node.input(1)), *bias = graph.constant(node.input(2));
  if (node.input(2).valid() && (!bias || bias->dtype() != DataType::kI32)) return unsupported("a quantised bias that is not constant i32");
  const size_t channels = static_cast<size_t>(g.out_c);
  VERGE_TRY(const ChannelRequant requant, channel_requant(node, x.quant, w.quant(), y.quant, y.dtype, channels, product));
  VERGE_TRY(const WeightsI8 weights, weights_i8(w, channels));
  const bool nibbles = pack == pack_conv && fit_nibbles(weights);
  Packed packed = pack(g, {weights.values.data(), bias ? bias->values<int32_t>().data() : nullptr, weights.zero_points.empty() ? nullptr : weights.zero_points.data(),
                           int8_view(zero_point(x.quant), x.dtype), nibbles});
  LoweredProduct out;
  out.attrs = {static_cast<int16_t>(zero_point(x.quant)), static_cast<uint8_t>(nibbles ? 4 : 8), sum_bytes(packed.sums), requant_attrs(requant)};
  out.inputs = {emitter.tensor(node.input(0)), constants.add(std::move(packed.weights), ".weights"), constants.columns(out.attrs, packed, requant)};
  if (!weights.zero_points.empty()) out.inputs.push_back(constants.spread(weights.zero_points, ".zero_points"));
  return out;
}

}  // namespace

int32_t int8_view(int32_t q, DataType dtype) { return dtype == DataType::kU8 ? q - 128 : q; }

Result<WeightsI8> weights_i8(const Tensor& w, size_t channels) {
  if (w.dtype() != DataType::kI8 && w.dtype() != DataType::kU8) return unsupported(std::string("quantised weights of type ") + dtype_name(w.dtype()) + "; i8 and u8 are supported");
  WeightsI8 out;
  for (uint8_t byte : w.bytes()) out.values.push_back(static_cast<int8_t>(w.dtype() == DataType::kU8 ? byte ^ 0x80 : byte));
  for (size_t i = 0; i < channels; ++i) out.zero_points.push_back(int8_view(zero_point(w.quant(), i), w.dtype()));
  if (std::all_of(out.zero_points.begin(), out.zero_points.end(), [](int32_t z) { return z == 0; })) out.zero_points.clear();
  return out;
}

exec::RequantAttrs requant_attrs(const ChannelRequant& r) {
  return {static_cast<int16_t>(r.mode), static_cast<int16_t>(r.zero_point), static_cast<int16_t>(r.clamp.min), static_cast<int16_t>(r.clamp.max)};
}

Result<LoweredProduct> lower_conv_product_i8(const Node& node, Emitter& emitter, const ConvGeometry& g, ScaleProduct product) {
  VERGE_TRY(LoweredProduct out, lower_product(node, emitter, g, product, pack_conv, Constants(emitter, node.name, g.out_c, g.groups)));
  if (!g.pointwise()) out.scratch = emitter.scratch(conv_i8_layout(g).k);
  return out;
}

Result<LoweredProduct> lower_depthwise_product_i8(const Node& node, Emitter& emitter, const ConvGeometry& g, ScaleProduct product) {
  VERGE_TRY(LoweredProduct out, lower_product(node, emitter, g, product, pack_depthwise, Constants(emitter, node.name, g.out_c, 1)));
  out.scratch = emitter.scratch(static_cast<size_t>(g.in_c));
  return out;
}

}  // namespace verge::ops
