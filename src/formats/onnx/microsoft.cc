// Operators of ONNX Runtime's own domain com.microsoft, as its optimiser, its quantiser and exporters for it write them.
#include "formats/onnx/product.h"
#include "formats/onnx/quantisation.h"
#include "formats/onnx/table.h"
#include "formats/onnx/weights.h"
#include "formats/onnx/window.h"

namespace verge::formats::onnx {
namespace {

Attrs requantised(Attrs attrs = {}) {
  attrs["requant"] = std::string("onnx");
  return attrs;
}

Result<void> gelu(NodeContext& c) { return c.finish(c.add("gelu", {c.in(0)}, {{"approximate", std::string("none")}})); }

ValueId with_bias(NodeContext& c, ValueId x, size_t bias) { return c.has(bias) ? c.add("add", {x, c.in(bias)}) : x; }

Result<void> fast_gelu(NodeContext& c) { return c.finish(c.add("gelu", {with_bias(c, c.in(0), 1)}, {{"approximate", std::string("tanh")}})); }
Result<void> bias_gelu(NodeContext& c) { return c.finish(c.add("gelu", {with_bias(c, c.in(0), 1)}, {{"approximate", std::string("none")}})); }

// x * sigmoid(alpha * x)
Result<void> quick_gelu(NodeContext& c) {
  const ValueId gate = c.add("sigmoid", {c.add("mul", {c.in(0), c.scalar(c.real("alpha", 1.702), c.in(0))})});
  return c.finish(c.add("mul", {c.in(0), gate}));
}

// x, skip, gamma, beta, bias
Result<void> skip_layer_norm(NodeContext& c) {
  VERGE_TRY(const int rank, c.rank());
  const ValueId sum = with_bias(c, c.add("add", {c.in(0), c.in(1)}), 4);
  VERGE_CHECK(c.finish(sum, 3));
  return c.finish(c.add("layer_norm", {sum, c.in(2), c.in(3)}, {{"axis", int64_t{rank - 1}}, {"epsilon", c.real("epsilon", 1e-12)}}));
}

// x, skip, gamma, bias
Result<void> skip_rms_norm(NodeContext& c) {
  VERGE_TRY(const int rank, c.rank());
  const ValueId sum = with_bias(c, c.add("add", {c.in(0), c.in(1)}), 3);
  VERGE_CHECK(c.finish(sum, 3));
  return c.finish(c.add("rms_norm", {sum, c.in(2)}, {{"axis", int64_t{rank - 1}}, {"epsilon", c.real("epsilon", 1e-12)}}));
}

Result<ValueId> activated(NodeContext& c, ValueId x) {
  const std::string activation = c.text("activation", "");
  const std::vector<double> params = c.reals("activation_params");
  const auto param = [&](size_t i, double otherwise) { return i < params.size() ? params[i] : otherwise; };
  if (activation.empty()) return x;
  if (activation == "Relu") return c.add("relu", {x});
  if (activation == "Sigmoid") return c.add("sigmoid", {x});
  if (activation == "Tanh") return c.add("tanh", {x});
  if (activation == "LeakyRelu") return c.add("leaky_relu", {x}, {{"alpha", param(0, 0.01)}});
  if (activation == "Clip") return c.add("clamp", {x}, {{"min", param(0, -3.402823466e38)}, {"max", param(1, 3.402823466e38)}});
  if (activation == "HardSigmoid") return c.add("hsigmoid", {x}, {{"alpha", param(0, 0.2)}, {"beta", param(1, 0.5)}});
  return c.refuse("its activation '" + activation + "' is not supported");
}

// x, w, bias, residual
Result<void> fused_conv(NodeContext& c) {
  VERGE_TRY(WindowForm form, window_form(c));
  form.attrs["groups"] = c.integer("group", 1);
  VERGE_TRY(const ValueId w, conv_weights(c, c.in(1), form));
  const ValueId y = as_source(c, form, c.add("conv", {as_plane(c, form, c.in(0)), w, c.in(2)}, form.attrs));
  VERGE_TRY(const ValueId out, activated(c, with_bias(c, y, 3)));
  return c.finish(out);
}

Result<void> fused_gemm(NodeContext& c) {
  Product p{c.in(0), c.in(1), c.in(2)};
  p.alpha = c.real("alpha", 1);
  p.beta = c.real("beta", 1);
  p.flip_a = c.integer("transA", 0) != 0;
  p.flip_b = c.integer("transB", 0) != 0;
  VERGE_TRY(const ValueId out, activated(c, product(c, p)));
  return c.finish(out);
}

Result<void> fused_matmul(NodeContext& c) {
  if (c.integer("transBatchA", 0) || c.integer("transBatchB", 0)) return c.refuse("it transposes batch dimensions");
  Product p{c.in(0), c.in(1)};
  p.alpha = c.real("alpha", 1);
  p.flip_a = c.integer("transA", 0) != 0;
  p.flip_b = c.integer("transB", 0) != 0;
  return c.finish(product(c, p));
}

// a, a_scale, a_zero_point, b, b_scale, b_zero_point, y_scale, y_zero_point
Result<void> qlinear_binary(NodeContext& c) {
  VERGE_TRY(const ValueId a, quantised_input(c, 0));
  VERGE_TRY(const ValueId b, quantised_input(c, 3));
  VERGE_TRY(TensorType type, quantised_output(c, 6, c.type(size_t{0}).dtype));
  return c.finish(c.add(c.core(), {a, b}, requantised(), std::move(type)));
}

// x, x_scale, x_zero_point, y_scale, y_zero_point
Result<void> qlinear_unary_with(NodeContext& c, ValueId x, Attrs attrs) {
  VERGE_TRY(TensorType type, quantised_output(c, 3, c.type(size_t{0}).dtype));
  return c.finish(c.add(c.core(), {x}, requantised(std::move(attrs)), std::move(type)));
}

Result<void> qlinear_sigmoid(NodeContext& c) {
  VERGE_TRY(const ValueId x, quantised_input(c, 0));
  return qlinear_unary_with(c, x, {});
}

Result<void> qlinear_leaky_relu(NodeContext& c) {
  VERGE_TRY(const ValueId x, quantised_input(c, 0));
  return qlinear_unary_with(c, x, {{"alpha", c.real("alpha", 0.01)}});
}

Result<void> qlinear_softmax(NodeContext& c) {
  VERGE_TRY(const int rank, c.rank());
  VERGE_TRY(const int axis, c.axis(c.integer("axis", -1), rank));
  if (c.integer("opset", 13) < 13 && axis != rank - 1) return c.refuse("it flattens dimensions as opset 12 did");
  VERGE_TRY(const ValueId x, quantised_input(c, 0));
  return qlinear_unary_with(c, x, {{"axis", int64_t{axis}}});
}

Result<void> qlinear_global_pool(NodeContext& c) {
  VERGE_TRY(const int rank, c.rank());
  const bool last = c.integer("channels_last", 0) != 0;
  std::vector<int64_t> axes;
  for (int i = last ? 1 : 2; i < rank - (last ? 1 : 0); ++i) axes.push_back(i);
  VERGE_TRY(const ValueId x, quantised_input(c, 0));
  return qlinear_unary_with(c, x, {{"axes", axes}, {"keepdims", int64_t{1}}});
}

Result<void> qlinear_average_pool(NodeContext& c) {
  if (c.integer("channels_last", 0)) return c.refuse("its channels lie last");
  VERGE_TRY(WindowForm form, pool_form(c));
  form.attrs["count_include_pad"] = c.integer("count_include_pad", 0);
  VERGE_TRY(const ValueId x, quantised_input(c, 0));
  VERGE_TRY(TensorType type, quantised_output(c, 3, c.type(size_t{0}).dtype));
  const ValueId plane = as_plane(c, form, x);
  return c.finish(as_source(c, form, c.add("avg_pool", {plane}, requantised(form.attrs), std::move(type))));
}

// a, a_scale, a_zero_point, b, b_scale, b_zero_point, bias, y_scale, y_zero_point
Result<void> qgemm(NodeContext& c) {
  if (c.integer("transA", 0) || c.real("alpha", 1) != 1) return c.refuse("it transposes or scales its first operand");
  if (!c.has(7)) return c.refuse("its output is not quantised");
  const bool flipped = c.integer("transB", 0) != 0;
  VERGE_TRY(const ValueId a, quantised_input(c, 0));
  VERGE_TRY(const ValueId b, quantised_input(c, 3, flipped ? 0 : 1));
  if (!a.valid() || !b.valid()) return c.finish({});
  const ValueId w = flipped ? b : rearranged(c, b, {1, 0});
  VERGE_TRY(const ValueId bias, quantised_bias(c, 6, a, w));
  VERGE_TRY(TensorType type, quantised_output(c, 7, c.type(size_t{0}).dtype));
  return c.finish(c.add("dense", {a, w, bias}, requantised(), std::move(type)));
}

// y_scale, y_zero_point, then x, scale, zero point of each part
Result<void> qlinear_concat(NodeContext& c) {
  VERGE_TRY(const int rank, c.rank(2));
  VERGE_TRY(const int axis, c.axis(c.integer("axis", 1), rank));
  VERGE_TRY(TensorType type, quantised_output(c, 0, DataType::kU8));
  std::vector<ValueId> parts;
  for (size_t i = 2; i + 2 < c.input_count(); i += 3) {
    VERGE_TRY(ValueId part, quantised_input(c, i));
    if (part.valid() && !(c.type(part).quant == type.quant)) part = c.add("requantize", {part}, requantised(), type);
    parts.push_back(part);
  }
  return c.finish(c.add("concat", parts, {{"axis", int64_t{axis}}}, std::move(type)));
}

constexpr Row kRows[] = {
    {"BiasGelu", 1, kNewest, bias_gelu},
    {"FastGelu", 1, kNewest, fast_gelu},
    {"FusedConv", 1, kNewest, fused_conv},
    {"FusedGemm", 1, kNewest, fused_gemm},
    {"FusedMatMul", 1, kNewest, fused_matmul},
    {"Gelu", 1, kNewest, gelu},
    {"QGemm", 1, kNewest, qgemm},
    {"QLinearAdd", 1, kNewest, qlinear_binary, "add"},
    {"QLinearAveragePool", 1, kNewest, qlinear_average_pool},
    {"QLinearConcat", 1, kNewest, qlinear_concat},
    {"QLinearGlobalAveragePool", 1, kNewest, qlinear_global_pool, "reduce_mean"},
    {"QLinearLeakyRelu", 1, kNewest, qlinear_leaky_relu, "leaky_relu"},
    {"QLinearMul", 1, kNewest, qlinear_binary, "mul"},
    {"QLinearSigmoid", 1, kNewest, qlinear_sigmoid, "sigmoid"},
    {"QLinearSoftmax", 1, kNewest, qlinear_softmax, "softmax"},
    {"QuickGelu", 1, kNewest, quick_gelu},
    {"SkipLayerNormalization", 1, kNewest, skip_layer_norm},
    {"SkipSimplifiedLayerNormalization", 1, kNewest, skip_rms_norm},
};

}  // namespace

std::span<const Row> microsoft_rows() { return kRows; }

}  // namespace verge::formats::onnx
