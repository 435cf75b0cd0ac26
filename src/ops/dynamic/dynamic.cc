// dynamic_conv, dynamic_dense: conv and dense of real activations with int8 weights, symmetric, whose scale stands with them. Activations are quantised as
// they come, a convolution's by the range of each image, a dense layer's by that of each row; sums are integers; the result is real again (docs/integer.md).
// This is what a TFLite file with "dynamic range" weights means. Attributes and inputs are those of conv and dense, and symmetric = 1 for a zero point of 0.
#include "kernels/depthwise_i8/depthwise_i8.h"
#include "kernels/dynamic_i8/dynamic_i8.h"
#include "ops/conv/conv.h"
#include "ops/dense/dense_attrs.h"
#include "ops/dynamic/dynamic_attrs.h"
#include "ops/op.h"
#include "ops/quantized.h"

namespace verge::ops {

extern const OpMethods conv_methods, dense_methods;

namespace {

constexpr int64_t kMostProducts = 1 << 16;

Result<void> infer(InferContext& c, const OpMethods& like) {
  VERGE_CHECK(like.infer(c));
  c.out[0].dtype = DataType::kF32;
  return done();
}
Result<void> infer_conv(InferContext& c) { return infer(c, conv_methods); }
Result<void> infer_dense(InferContext& c) { return infer(c, dense_methods); }
Cost conv_cost(const Graph& graph, const Node& node) { return conv_methods.cost(graph, node); }
Cost dense_cost(const Graph& graph, const Node& node) { return dense_methods.cost(graph, node); }

// The weights' scales, one an output.
Result<std::vector<float>> scales_of(const Tensor& w) {
  const auto channels = static_cast<size_t>(w.shape()[0]);
  if (w.dtype() != DataType::kI8 || w.quant().empty()) return unsupported(std::string("weights are ") + dtype_name(w.dtype()) + ", want quantised i8");
  for (size_t i = 0; i < w.quant().scale.size(); ++i)
    if (zero_point(w.quant(), i) != 0) return unsupported("weights with zero points");
  if (w.quant().per_channel() && (w.quant().axis != 0 || w.quant().scale.size() != channels)) return unsupported("weights quantised along another axis than their outputs");
  std::vector<float> scales;
  for (size_t i = 0; i < channels; ++i) scales.push_back(scale(w.quant(), w.quant().per_channel() ? i : 0));
  return scales;
}

std::vector<int32_t> sums_of(const Tensor& w) {
  const auto channels = static_cast<size_t>(w.shape()[0]), each = static_cast<size_t>(w.count()) / channels;
  std::vector<int32_t> sums(channels);
  for (size_t i = 0; i < channels * each; ++i) sums[i / each] += w.values<int8_t>()[i];
  return sums;
}

template <typename T> Tensor column(const std::vector<T>& values) {
  Tensor out(dtype_of<T>::value, {static_cast<int32_t>(values.size())});
  std::copy(values.begin(), values.end(), out.mut<T>().data());
  return out;
}

DynamicScale scale_of(const Node& node, std::span<const float> x) {
  return node.integer("symmetric") ? symmetric_scale(x.size(), x.data()) : asymmetric_scale(x.size(), x.data());
}

// x, in runs of `run` values that have one scale, as the real numbers that its bytes stand for.
Tensor rounded(const Node& node, const Tensor& x, size_t run) {
  Tensor out(DataType::kF32, x.shape());
  std::vector<int8_t> q(run);
  for (size_t at = 0; run > 0 && at < static_cast<size_t>(x.count()); at += run) {
    const std::span<const float> values = x.values<float>().subspan(at, run);
    const DynamicScale s = scale_of(node, values);
    quantize_dynamic(run, values.data(), s, node.integer("symmetric") != 0, q.data());
    for (size_t i = 0; i < run; ++i) out.mut<float>()[at + i] = static_cast<float>(q[i] - s.zero_point) * s.scale;
  }
  return out;
}

Tensor real_weights(const Tensor& w, const std::vector<float>& scales) {
  Tensor out(DataType::kF32, w.shape());
  const size_t each = static_cast<size_t>(w.count()) / scales.size();
  for (size_t i = 0; i < scales.size() * each; ++i) out.mut<float>()[i] = static_cast<float>(w.values<int8_t>()[i]) * scales[i / each];
  return out;
}

// The layer of real numbers on activations that went through their bytes.
Result<void> reference(ReferenceContext& c, size_t run, const OpMethods& like) {
  VERGE_TRY(const std::vector<float> scales, scales_of(c.in[1]));
  std::vector<Tensor> in{rounded(c.node, c.in[0], run), real_weights(c.in[1], scales)};
  if (c.in.size() > 2) in.push_back(c.in[2]);
  ReferenceContext real{c.node, in, c.out};
  return like.reference(real);
}
Result<void> reference_conv_dynamic(ReferenceContext& c) { return reference(c, static_cast<size_t>(c.in[0].shape().count(1, 4)), conv_methods); }
Result<void> reference_dense_dynamic(ReferenceContext& c) { return reference(c, static_cast<size_t>(c.in[0].shape().back(0)), dense_methods); }

struct Packed {
  Tensor weights, zeros, sums;
};

Packed packed_layer(const ConvGeometry& g, const Tensor& w) {
  const int8_t* from = w.values<int8_t>().data();
  if (g.groups == g.in_c && g.groups > 1) {
    const auto columns = static_cast<int32_t>(round_up_columns(static_cast<size_t>(g.out_c)));
    Packed out{Tensor(DataType::kI8, {static_cast<int32_t>(g.taps()), columns}), Tensor(DataType::kI32, {columns}), Tensor(DataType::kI32, {columns})};
    pack_depthwise_i8(g, from, 1, g.taps(), out.weights.mut<int8_t>().data());
    return out;
  }
  const GemmI8Layout layout = conv_i8_layout(g);
  const auto columns = static_cast<int32_t>(round_up_columns(layout.n));
  Packed out{Tensor(DataType::kI8, {g.groups, static_cast<int32_t>(layout.bytes())}), Tensor(DataType::kI32, {g.groups, columns}), Tensor(DataType::kI32, {g.groups, columns})};
  pack_conv_i8(g, false, from, out.weights.mut<int8_t>().data());
  fold_conv_i8(g, from, nullptr, 0, nullptr, out.zeros.mut<int32_t>().data(), out.sums.mut<int32_t>().data());
  return out;
}

Result<void> lower_layer(const Node& node, Emitter& emitter, const ConvGeometry& g, exec::Op op, const exec::WindowAttrs& window) {
  const Graph& graph = emitter.graph();
  const Tensor &w = *graph.constant(node.input(1)), *bias = graph.constant(node.input(2));
  if (graph.type(node.input(0)).dtype != DataType::kF32) return unsupported("input " + graph.type(node.input(0)).text() + ", wants f32");
  if (node.input(2).valid() && (!bias || bias->dtype() != DataType::kF32)) return unsupported("a bias that is not constant f32");
  if (w.count() / w.shape()[0] > kMostProducts) return unsupported("sums of more than " + std::to_string(kMostProducts) + " products");
  VERGE_TRY(const std::vector<float> scales, scales_of(w));
  Packed packed = packed_layer(g, w);
  const RealClamp clamp = real_clamp(node);
  const exec::DynamicAttrs attrs{window, g.groups, node.integer("symmetric") != 0, static_cast<float>(clamp.min), static_cast<float>(clamp.max)};
  std::vector<TensorRef> in{emitter.tensor(node.input(0)),
                            emitter.constant(std::move(packed.weights), node.name + ".weights"),
                            emitter.constant(std::move(packed.zeros), node.name + ".zeros"),
                            emitter.constant(std::move(packed.sums), node.name + ".sums"),
                            emitter.constant(column(scales), node.name + ".scales"),
                            emitter.constant(column(sums_of(w)), node.name + ".column_sums"),
                            emitter.tensor(node.input(2))};
  emitter.emit(op, std::move(in), {emitter.tensor(node.output())}, attrs, emitter.scratch(exec::dynamic_scratch_bytes(g)));
  return done();
}

Result<void> lower_conv_dynamic(const Node& node, Emitter& emitter) {
  VERGE_CHECK(require_nhwc(node));
  const Tensor* w = emitter.graph().constant(node.input(1));
  if (!w) return unsupported("weights that are computed at run time; they must be constant");
  VERGE_TRY(const ConvGeometry g, conv_geometry(node, emitter.graph().type(node.input(0)).shape(), w->shape(), emitter.graph().type(node.output()).shape()));
  return lower_layer(node, emitter, g, exec::Op::dynamic_conv, window_attrs(g));
}

Result<void> lower_dense_dynamic(const Node& node, Emitter& emitter) {
  const Tensor* w = emitter.graph().constant(node.input(1));
  if (!w) return unsupported("weights that are computed at run time; they must be constant");
  const int32_t k = w->shape()[1], rows = static_cast<int32_t>(emitter.graph().type(node.input(0)).shape().count() / k);
  return lower_layer(node, emitter, {.in_h = rows, .in_c = k, .out_h = rows, .out_c = w->shape()[0]}, exec::Op::dynamic_dense, {});
}

}  // namespace

VERGE_OP_METHODS(dynamic_conv) = {.infer = infer_conv, .cost = conv_cost, .reference = reference_conv_dynamic, .lower = lower_conv_dynamic};
VERGE_OP_METHODS(dynamic_dense) = {.infer = infer_dense, .cost = dense_cost, .reference = reference_dense_dynamic, .lower = lower_dense_dynamic};

}  // namespace verge::ops
