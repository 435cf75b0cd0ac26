#include <algorithm>

#include "kernels/depthwise/depthwise_f32.h"
#include "kernels/depthwise_bf16/depthwise_bf16.h"
#include "kernels/gemm/pack_f32.h"
#include "kernels/winograd/winograd_f32.h"
#include "ops/conv/conv.h"
#include "ops/conv/conv_attrs.h"
#include "ops/conv/conv_gradient.h"
#include "ops/dense/dense.h"
#include "ops/product_bf16.h"
#include "ops/product_i16.h"
#include "ops/product_i8.h"

namespace verge::ops {
namespace {

bool is_depthwise(const ConvGeometry& g) { return g.groups == g.in_c && g.groups > 1; }

Tensor packed_conv_f32(const ConvGeometry& g, const Tensor& w) {
  const size_t groups = static_cast<size_t>(g.groups), n = g.group_out(), k = g.group_in(), taps = g.taps(), step = packed_weights_f32_size(n, taps, k);
  Tensor packed(DataType::kF32, {static_cast<int32_t>(groups), static_cast<int32_t>(step)});
  for (size_t i = 0; i < groups; ++i)
    pack_weights_f32(n, taps, k, w.values<float>().data() + i * n * taps * k, {taps * k, k, 1}, packed.mut<float>().data() + i * step);
  return packed;
}

// Per group, as the weights are.
Tensor packed_bias(size_t groups, size_t n, const Tensor* bias) {
  const size_t step = packed_bias_f32_size(n);
  Tensor packed(DataType::kF32, {static_cast<int32_t>(groups), static_cast<int32_t>(step)});
  for (size_t i = 0; i < groups; ++i) pack_bias_f32(n, bias ? bias->values<float>().data() + i * n : nullptr, packed.mut<float>().data() + i * step);
  return packed;
}

// w [channels][taps][1] to [taps][channels].
Tensor packed_depthwise(const ConvGeometry& g, const Tensor& w) {
  const size_t channels = static_cast<size_t>(g.out_c), taps = g.taps();
  Tensor packed(DataType::kF32, {static_cast<int32_t>(taps), static_cast<int32_t>(packed_depthwise_f32_size(channels, 1))});
  pack_depthwise_f32(channels, taps, w.values<float>().data(), 1, taps, packed.mut<float>().data());
  return packed;
}

// As the instruction reads them: packed here where they are constant, by an instruction where they are computed at run time.
TensorRef packed_weights(const Node& node, Emitter& emitter, const ConvGeometry& g, bool depthwise) {
  if (const Tensor* w = emitter.graph().constant(node.input(1)))
    return emitter.constant(depthwise ? packed_depthwise(g, *w) : packed_conv_f32(g, *w), node.name + ".weights");
  const size_t floats = depthwise ? packed_depthwise_f32_size(static_cast<size_t>(g.out_c), g.taps())
                                  : static_cast<size_t>(g.groups) * packed_weights_f32_size(g.group_out(), g.taps(), g.group_in());
  return emit_pack(emitter, emitter.tensor(node.input(1)), pack_attrs(g, depthwise ? exec::PackKind::kDepthwise : exec::PackKind::kProduct), floats);
}

TensorRef packed_biases(const Node& node, Emitter& emitter, const ConvGeometry& g, bool depthwise) {
  const size_t groups = depthwise ? 1 : static_cast<size_t>(g.groups), n = depthwise ? static_cast<size_t>(g.out_c) : g.group_out();
  const Tensor* bias = emitter.graph().constant(node.input(2));
  if (bias || !node.input(2).valid()) return emitter.constant(packed_bias(groups, n, bias), node.name + ".bias");
  exec::PackF32Attrs attrs;
  attrs.kind = static_cast<int32_t>(exec::PackKind::kBias), attrs.groups = static_cast<int32_t>(groups), attrs.n = static_cast<int32_t>(n);
  return emit_pack(emitter, emitter.tensor(node.input(2)), attrs, groups * packed_bias_f32_size(n));
}

// `algorithm`, "direct" or "winograd", is stronger than the estimate.
bool by_winograd(const Graph& graph, const ConvGeometry& g, const std::string& algorithm) {
  if (algorithm == "direct" || !all_floats(graph)) return false;
  return algorithm == "winograd" ? winograd_f32_fits(g) : winograd_f32_pays(g);
}

void emit_bf16(const Node& node, Emitter& emitter, const ConvGeometry& g, const exec::ConvF32Attrs& attrs) {
  const Tensor& w = *emitter.graph().constant(node.input(1));
  std::vector<TensorRef> in = {emitter.tensor(node.input(0)), emitter.constant(packed_bf16(g, w), node.name + ".weights"), packed_biases(node, emitter, g, false)};
  const bool residual = node.input(3).valid();
  if (residual) in.push_back(emitter.tensor(node.input(3)));
  emit_activated(node, emitter, exec::Op::conv_bf16, std::move(in), attrs, scratch_bf16(emitter, g), residual && emitter.graph().type(node.input(3)).dtype == emitter.graph().type(node.output()).dtype ? 3 : -1);
}

void emit_depthwise_bf16(const Node& node, Emitter& emitter, const ConvGeometry& g, const exec::ConvF32Attrs& attrs) {
  const auto packed = [&](const Tensor* source, size_t taps, const char* name) {
    const size_t channels = static_cast<size_t>(g.out_c);
    Tensor out(DataType::kF32, {static_cast<int32_t>(packed_depthwise_bf16_size(channels, taps))});
    if (source) pack_depthwise_bf16(channels, taps, source->values<float>().data(), 1, taps, out.mut<float>().data());
    return emitter.constant(std::move(out), node.name + name);
  };
  const TensorRef weights = packed(emitter.graph().constant(node.input(1)), g.taps(), ".weights"), bias = packed(emitter.graph().constant(node.input(2)), 1, ".bias");
  const TensorRef zeros = emitter.scratch(static_cast<size_t>(g.in_c) * sizeof(uint16_t));
  emit_activated(node, emitter, exec::Op::depthwise_f32, {emitter.tensor(node.input(0)), weights, bias}, attrs, zeros);
}

Result<void> lower_f32(const Node& node, Emitter& emitter, const ConvGeometry& g) {
  if (node.input(2).valid() && emitter.graph().type(node.input(2)).dtype != DataType::kF32) return unsupported("a bias that is not f32");
  const RealClamp clamp = real_clamp(node);
  const exec::ConvF32Attrs attrs{window_attrs(g), g.groups, static_cast<float>(clamp.min), static_cast<float>(clamp.max)};
  if (is_bf16_product(emitter.graph(), node)) return emit_bf16(node, emitter, g, attrs), done();
  if (emitter.graph().type(node.input(0)).dtype == DataType::kBF16) return emit_depthwise_bf16(node, emitter, g, attrs), done();
  if (g.pointwise() && g.groups == 1 && !node.input(3).valid() && emit_sparse_rows(node, emitter, {attrs.clamp_min, attrs.clamp_max})) return done();
  const bool residual = node.input(3).valid(), depthwise = is_depthwise(g) && !residual;
  const TensorRef x = emitter.tensor(node.input(0)), y = emitter.tensor(node.output());
  std::vector<TensorRef> in = {x, packed_weights(node, emitter, g, depthwise), packed_biases(node, emitter, g, depthwise)};
  if (depthwise) {
    emitter.emit(exec::Op::depthwise_f32, std::move(in), {y}, attrs, emitter.scratch(static_cast<size_t>(g.in_c) * sizeof(float)));
    return done();
  }
  if (residual) in.push_back(emitter.tensor(node.input(3)));
  emit_product(emitter, g, std::move(in), y, attrs, node.text("algorithm"));
  return done();
}

Result<void> lower_i8(const Node& node, Emitter& emitter, const ConvGeometry& g) {
  if (node.input(3).valid()) return unsupported("a quantised convolution has no residual");
  const ScaleProduct rule = conv_scale_product(emitter.graph().type(node.input(0)).dtype);
  const bool depthwise = is_depthwise(g);
  VERGE_TRY(LoweredProduct product, (depthwise ? lower_depthwise_product_i8 : lower_conv_product_i8)(node, emitter, g, rule));
  const exec::ConvI8Attrs attrs{window_attrs(g), g.groups, product.attrs};
  emitter.emit(depthwise ? exec::Op::depthwise_i8 : exec::Op::conv_i8, std::move(product.inputs), {emitter.tensor(node.output())}, attrs, product.scratch);
  return done();
}

Result<void> lower_i16(const Node& node, Emitter& emitter, const ConvGeometry& g) {
  if (node.input(3).valid()) return unsupported("a quantised convolution has no residual");
  VERGE_TRY(LoweredProductI16 product, lower_product_i16(node, emitter, static_cast<size_t>(g.out_c), ScaleProduct::kDouble));
  emitter.emit(exec::Op::conv_i16, std::move(product.inputs), {emitter.tensor(node.output())}, exec::ConvI16Attrs{window_attrs(g), g.groups, product.attrs});
  return done();
}

}  // namespace

void emit_product(Emitter& emitter, const ConvGeometry& g, std::vector<TensorRef> inputs, TensorRef output, const exec::ConvF32Attrs& attrs, const std::string& algorithm) {
  const bool winograd = by_winograd(emitter.graph(), g, algorithm);
  const size_t threads = static_cast<size_t>(std::max(1, emitter.options().threads));
  const size_t floats = winograd ? threads * winograd_f32_scratch_size(g) : g.pointwise() ? 0 : g.group_in();
  const int in_place = inputs.size() > 3 ? 3 : -1;
  emitter.emit(winograd ? exec::Op::conv_winograd_f32 : exec::Op::conv_f32, std::move(inputs), {output}, attrs, floats ? emitter.scratch(floats * sizeof(float)) : TensorRef{}, in_place);
}

Result<void> lower_conv(const Node& node, Emitter& emitter) {
  VERGE_CHECK(require_nhwc(node));
  const Graph& graph = emitter.graph();
  const TensorType &x = graph.type(node.input(0)), &y = graph.type(node.output());
  const TensorType& w = graph.type(node.input(1));
  VERGE_TRY(const ConvGeometry geometry, conv_geometry(node, x.shape(), w.shape(), y.shape()));
  if (is_real(x.dtype) && w.dtype == DataType::kF32) return lower_f32(node, emitter, geometry);
  if (!graph.constant(node.input(1))) return unsupported("quantised weights that are computed at run time; they must be constant");
  if (is_quantized(graph, node) && is_8bit(x.dtype) && is_8bit(y.dtype)) return lower_i8(node, emitter, geometry);
  if (is_product_i16(graph, node)) return lower_i16(node, emitter, geometry);
  return unsupported("input " + x.text() + " with weights " + dtype_name(w.dtype) + "; f32, and i8, u8 or i16 where quantised, are supported");
}

}  // namespace verge::ops
