#include "ops/product_i8.h"

#include <algorithm>

namespace verge::ops {
namespace {

// A value per output channel in the kernels' order.
template <typename T> TensorRef spread(Emitter& emitter, const ConvGeometry& g, const std::vector<T>& values, const std::string& name) {
  Tensor out(dtype_of<T>::value, {static_cast<int32_t>(static_cast<size_t>(g.groups) * round_up_columns(g.group_out()))});
  spread_columns(g, values.data(), out.mut<T>().data());
  return emitter.constant(std::move(out), name);
}

void add_requant(Emitter& emitter, const ConvGeometry& g, const ChannelRequant& requant, const std::string& name, std::vector<TensorRef>& inputs) {
  if (requant.mode == RequantMode::kOnnx) {
    inputs.push_back(spread(emitter, g, requant.scale, name + ".scale"));
    inputs.push_back({});
    return;
  }
  std::vector<int32_t> multiplier, shift;
  for (const Multiplier& m : requant.multiplier) multiplier.push_back(m.multiplier), shift.push_back(m.shift);
  inputs.push_back(spread(emitter, g, multiplier, name + ".multiplier"));
  inputs.push_back(spread(emitter, g, shift, name + ".shift"));
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

exec::RequantAttrs requant_attrs(const ChannelRequant& r) { return {static_cast<int32_t>(r.mode), r.zero_point, r.clamp.min, r.clamp.max}; }

Result<LoweredProduct> lower_product_i8(const Node& node, Emitter& emitter, const ConvGeometry& g, ScaleProduct product) {
  const Graph& graph = emitter.graph();
  const TensorType &x = graph.type(node.input(0)), &y = graph.type(node.output());
  const Tensor &w = *graph.constant(node.input(1)), *bias = graph.constant(node.input(2));
  if (bias && bias->dtype() != DataType::kI32) return unsupported(std::string("a quantised bias of type ") + dtype_name(bias->dtype()) + "; i32 is supported");
  const size_t channels = static_cast<size_t>(g.out_c);
  VERGE_TRY(const ChannelRequant requant, channel_requant(node, x.quant, w.quant(), y.quant, y.dtype, channels, product));
  VERGE_TRY(const WeightsI8 weights, weights_i8(w, channels));

  const GemmI8Layout layout = conv_i8_layout(g);
  const int32_t groups = g.groups, columns = static_cast<int32_t>(round_up_columns(layout.n));
  const int32_t *biases = bias ? bias->values<int32_t>().data() : nullptr, *zero_points = weights.zero_points.empty() ? nullptr : weights.zero_points.data();
  Tensor packed(DataType::kI8, {groups, static_cast<int32_t>(layout.bytes())}), folded(DataType::kI32, {groups, columns}), sums(DataType::kI32, {groups, columns});
  pack_conv_i8(g, weights.values.data(), packed.mut<int8_t>().data());
  fold_conv_i8(g, weights.values.data(), biases, int8_view(zero_point(x.quant), x.dtype), zero_points, folded.mut<int32_t>().data(), sums.mut<int32_t>().data());

  LoweredProduct out;
  out.inputs = {emitter.tensor(node.input(0)), emitter.constant(std::move(packed), node.name + ".weights"), emitter.constant(std::move(folded), node.name + ".bias"),
                emitter.constant(std::move(sums), node.name + ".sums")};
  add_requant(emitter, g, requant, node.name, out.inputs);
  out.inputs.push_back(zero_points ? spread(emitter, g, weights.zero_points, node.name + ".zero_points") : TensorRef{});
  out.attrs = {zero_point(x.quant), requant_attrs(requant)};
  out.scratch = g.pointwise() ? TensorRef{} : emitter.scratch(layout.k);
  return out;
}

}  // namespace verge::ops
