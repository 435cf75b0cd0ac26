// Convolutions, pools and the other operators over [batch, height, width, channels] as builtins.
#include <algorithm>
#include <cmath>

#include "core/text.h"
#include "formats/tflite/exporter.h"
#include "formats/tflite/tensors.h"
#include "ops/quantized.h"
#include "ops/spatial.h"

namespace verge::formats::tflite::exports {
namespace {

using Builtin = schema::BuiltinOperator;

// A window as TFLite says it: SAME, VALID, or VALID behind a padding of its own.
struct Window {
  ConvGeometry g;
  schema::Padding padding = schema::Padding::VALID;
  bool padded = false;
  std::vector<int64_t> pads;  // top, left, bottom, right

  int32_t bottom() const { return rest(g.out_h, g.stride_h, g.kernel_h, g.dilation_h, g.in_h, g.pad_top); }
  int32_t right() const { return rest(g.out_w, g.stride_w, g.kernel_w, g.dilation_w, g.in_w, g.pad_left); }
  bool is_same() const {
    const auto axis = [](int32_t in, int32_t out, int32_t stride, int32_t begin, int32_t end) {
      return out == (in + stride - 1) / stride && (end == begin || end == begin + 1);
    };
    return axis(g.in_h, g.out_h, g.stride_h, g.pad_top, bottom()) && axis(g.in_w, g.out_w, g.stride_w, g.pad_left, right());
  }

 private:
  static int32_t rest(int32_t out, int32_t stride, int32_t kernel, int32_t dilation, int32_t in, int32_t begin) {
    return std::max(0, (out - 1) * stride + (kernel - 1) * dilation + 1 - in - begin);
  }
};

Result<Window> window_of(Exporter& e, int64_t kernel_h, int64_t kernel_w, int32_t groups) {
  VERGE_TRY(const ops::Axes axes, ops::axes_of(e.node()));
  if (axes.c != 3) return internal("the graph is not channels last");
  VERGE_TRY(const ops::Window window, ops::window_of(e.node(), kernel_h, kernel_w));
  Window out;
  out.g = ops::geometry_of(window, axes, e.in_type().shape(), e.out_type().shape(), groups);
  out.pads = {out.g.pad_top, out.g.pad_left, out.bottom(), out.right()};
  const bool none = std::all_of(out.pads.begin(), out.pads.end(), [](int64_t p) { return p == 0; });
  if (!none && out.is_same()) out.padding = schema::Padding::SAME;
  out.padded = !none && !out.is_same();
  return out;
}

Tensor filled(const TensorType& type, double real) {
  if (!type.quantized()) return Tensor::of<float>({1}, std::vector<float>{static_cast<float>(real)});
  const double q = std::round(real / type.quant.scale[0]) + ops::zero_point(type.quant);
  Tensor t = Tensor::of<int8_t>({1}, std::vector<int8_t>{static_cast<int8_t>(std::fmin(std::fmax(q, -128), 127))});
  t.set_quant(type.quant);
  return t;
}

// `from` with `pads` of [begin.., end..] around it; `real` is what lies there.
void pad_tensor(Exporter& e, int from, int to, const TensorType& type, const std::vector<int64_t>& pads, double real) {
  const auto rank = static_cast<int32_t>(pads.size() / 2);
  std::vector<int32_t> pairs;
  for (int32_t d = 0; d < rank; ++d)
    pairs.push_back(static_cast<int32_t>(pads[static_cast<size_t>(d)])), pairs.push_back(static_cast<int32_t>(pads[static_cast<size_t>(d + rank)]));
  const int amounts = e.constant(Tensor::of<int32_t>({rank, 2}, pairs), "");
  if (real == 0) return e.op(Builtin::PAD, {from, amounts}, {to});
  e.op(Builtin::PADV2, {from, amounts, e.constant(filled(type, real), "")}, {to});
}

// Input 0, with the window's own padding around it where SAME and VALID do not say it.
int padded_input(Exporter& e, const Window& w, double real) {
  if (!w.padded) return e.in();
  TensorType type = e.in_type();
  type.dims[1] = Dim(type.dims[1].size + w.pads[0] + w.pads[2]);
  type.dims[2] = Dim(type.dims[2].size + w.pads[1] + w.pads[3]);
  const int to = e.temporary(type);
  pad_tensor(e, e.in(), to, type, {0, w.pads[0], w.pads[1], 0, 0, w.pads[2], w.pads[3], 0}, real);
  return to;
}

// [channels, kh, kw, 1] as [1, kh, kw, channels].
Tensor depthwise_weights(const Tensor& w) {
  const Shape s = w.shape();
  const size_t channels = static_cast<size_t>(s[0]), taps = static_cast<size_t>(s[1]) * static_cast<size_t>(s[2]), bytes = dtype_bits(w.dtype()) / 8;
  Tensor out(w.dtype(), {1, s[1], s[2], s[0]});
  for (size_t c = 0; c < channels; ++c)
    for (size_t t = 0; t < taps; ++t) std::copy_n(w.bytes().data() + (c * taps + t) * bytes, bytes, out.data() + (t * channels + c) * bytes);
  QuantParams quant = w.quant();
  if (quant.per_channel()) quant.axis = 3;
  out.set_quant(std::move(quant));
  return out;
}

// Engines want a bias even where it is zero.
int zero_bias(Exporter& e, int32_t channels) {
  if (!e.quantized()) return e.constant(Tensor(DataType::kF32, {channels}), "");
  Tensor zeros(DataType::kI32, {channels});
  const QuantParams& weights = e.constant_in(1)->quant();
  QuantParams quant{weights.scale, std::vector<int32_t>(weights.scale.size()), weights.per_channel() ? 0 : -1};
  for (float& scale : quant.scale) scale *= e.in_type().quant.scale[0];
  zeros.set_quant(std::move(quant));
  return e.constant(zeros, "");
}

std::vector<int32_t> product_inputs(Exporter& e, int x, int w) {
  return {x, w, e.node().input(2).valid() ? e.in(2) : zero_bias(e, static_cast<int32_t>(e.out_type().dims.back().size))};
}

void depthwise(Exporter& e, const Window& w, const Tensor& weights) {
  const auto activation = e.activation();
  schema::DepthwiseConv2DOptionsT o;
  o.padding = w.padding;
  o.stride_h = w.g.stride_h, o.stride_w = w.g.stride_w;
  o.dilation_h_factor = w.g.dilation_h, o.dilation_w_factor = w.g.dilation_w;
  o.depth_multiplier = w.g.out_c / w.g.in_c;
  o.fused_activation_function = activation.value_or(schema::ActivationFunctionType::NONE);
  const int filter = e.constant(depthwise_weights(weights), e.graph().value(e.node().input(1)).name), to = e.before_clamp(activation);
  e.op(Builtin::DEPTHWISE_CONV_2D, product_inputs(e, padded_input(e, w, 0), filter), {to}, o);
  e.finish_clamp(activation, to);
}

Result<void> pool(Exporter& e, Builtin builtin, double padding) {
  const std::vector<int64_t> kernel = e.node().integers("kernel", {1, 1});
  VERGE_TRY(const Window w, window_of(e, kernel[0], kernel[1], 1));
  if (w.g.dilation_h != 1 || w.g.dilation_w != 1) return unsupported("a pool with dilations");
  const bool average = builtin == Builtin::AVERAGE_POOL_2D, counts = e.node().integer("count_include_pad") != 0;
  if (average && w.padded && !counts) return unsupported("an average over padding " + bracketed(w.pads) + " that is not counted; TFLite has SAME and VALID");
  if (average && w.padding == schema::Padding::SAME && counts) return unsupported("an average that counts its padding");
  const auto activation = e.activation();
  schema::Pool2DOptionsT o;
  o.padding = w.padding;
  o.stride_h = w.g.stride_h, o.stride_w = w.g.stride_w;
  o.filter_height = w.g.kernel_h, o.filter_width = w.g.kernel_w;
  o.fused_activation_function = activation.value_or(schema::ActivationFunctionType::NONE);
  const int to = e.before_clamp(activation);
  e.op(builtin, {padded_input(e, w, padding)}, {to}, o);
  e.finish_clamp(activation, to);
  return done();
}

bool whole_factors(const Shape& x, const Shape& y) { return y[1] % x[1] == 0 && y[2] % x[2] == 0; }

// int8 in, float out: TFLite has no such layer, so it computes in float what the integers stand for.
void float_scores(Exporter& e) {
  TensorType real = e.in_type();
  real.dtype = DataType::kF32;
  real.quant = {};
  const int x = e.temporary(real);
  e.op(Builtin::DEQUANTIZE, {e.in()}, {x});
  const Tensor* bias = e.constant_in(2);
  const int zeros_or_bias = e.constant(bias ? dequantized(*bias) : Tensor(DataType::kF32, {static_cast<int32_t>(e.out_type().dims.back().size)}), "");
  schema::FullyConnectedOptionsT o;
  o.keep_num_dims = e.in_type().rank() != 2;
  e.op(Builtin::FULLY_CONNECTED, {x, e.constant(dequantized(*e.constant_in(1)), e.graph().value(e.node().input(1)).name), zeros_or_bias}, {e.out()}, o);
}

}  // namespace

Result<void> conv(Exporter& e) {
  if (e.node().input(3).valid()) return internal("a convolution with a fused residual");
  const Tensor* weights = e.constant_in(1);
  if (!weights) return unsupported("weights that are computed");
  const auto groups = static_cast<int32_t>(e.node().integer("groups", 1));
  VERGE_TRY(const Window w, window_of(e, weights->shape()[1], weights->shape()[2], groups));
  if (groups > 1 && groups == w.g.in_c) return depthwise(e, w, *weights), done();
  const auto activation = e.activation();
  schema::Conv2DOptionsT o;
  o.padding = w.padding;
  o.stride_h = w.g.stride_h, o.stride_w = w.g.stride_w;
  o.dilation_h_factor = w.g.dilation_h, o.dilation_w_factor = w.g.dilation_w;
  o.fused_activation_function = activation.value_or(schema::ActivationFunctionType::NONE);
  const int to = e.before_clamp(activation);
  e.op(Builtin::CONV_2D, product_inputs(e, padded_input(e, w, 0), e.in(1)), {to}, o);
  e.finish_clamp(activation, to);
  return done();
}

Result<void> dense(Exporter& e) {
  if (!e.constant_in(1)) return unsupported("weights that are computed");
  if (ops::gives_reals(e.graph(), e.node())) return float_scores(e), done();
  const auto activation = e.activation();
  schema::FullyConnectedOptionsT o;
  o.keep_num_dims = e.in_type().rank() != 2;
  o.fused_activation_function = activation.value_or(schema::ActivationFunctionType::NONE);
  const int to = e.before_clamp(activation);
  e.op(Builtin::FULLY_CONNECTED, product_inputs(e, e.in(), e.in(1)), {to}, o);
  e.finish_clamp(activation, to);
  return done();
}

Result<void> avg_pool(Exporter& e) { return pool(e, Builtin::AVERAGE_POOL_2D, 0); }
Result<void> max_pool(Exporter& e) { return pool(e, Builtin::MAX_POOL_2D, e.quantized() ? -1e30 : -3.4e38); }

Result<void> resize(Exporter& e) {
  const std::string mode = e.node().text("mode", "nearest"), coordinate = e.node().text("coordinate", "half_pixel");
  const Shape x = e.in_type().shape(), y = e.out_type().shape();
  if (x.rank != 4 || x[0] != y[0] || x[3] != y[3]) return unsupported("a resize of other axes than height and width");
  const int sizes = e.ints({y[1], y[2]});
  const bool corners = coordinate == "align_corners", asymmetric = coordinate == "asymmetric";
  if (mode == "linear" && (corners || asymmetric || coordinate == "half_pixel")) {
    schema::ResizeBilinearOptionsT o;
    o.align_corners = corners;
    o.half_pixel_centers = coordinate == "half_pixel";
    return e.op(Builtin::RESIZE_BILINEAR, {e.in(), sizes}, {e.out()}, o), done();
  }
  const bool tf_half = coordinate == "tf_half_pixel_for_nn", floors = asymmetric && e.node().text("nearest_mode", "round_prefer_floor") == "floor";
  if (mode == "nearest" && (floors || tf_half || whole_factors(x, y))) {
    schema::ResizeNearestNeighborOptionsT o;
    o.half_pixel_centers = tf_half;
    return e.op(Builtin::RESIZE_NEAREST_NEIGHBOR, {e.in(), sizes}, {e.out()}, o), done();
  }
  return unsupported("resize by " + mode + " with coordinates " + coordinate);
}

Result<void> depth_to_space(Exporter& e) {
  if (e.node().text("mode", "dcr") != "dcr") return unsupported("depth to space in the order " + e.node().text("mode"));
  schema::DepthToSpaceOptionsT o;
  o.block_size = static_cast<int32_t>(e.node().integer("block"));
  return e.op(Builtin::DEPTH_TO_SPACE, {e.in()}, {e.out()}, o), done();
}

Result<void> space_to_depth(Exporter& e) {
  if (e.node().text("mode", "dcr") != "dcr") return unsupported("space to depth in the order " + e.node().text("mode"));
  schema::SpaceToDepthOptionsT o;
  o.block_size = static_cast<int32_t>(e.node().integer("block"));
  return e.op(Builtin::SPACE_TO_DEPTH, {e.in()}, {e.out()}, o), done();
}

Result<void> pad(Exporter& e) {
  const std::string mode = e.node().text("mode", "constant");
  const std::vector<int64_t> pads = e.node().integers("pads");
  if (std::any_of(pads.begin(), pads.end(), [](int64_t p) { return p < 0; })) return unsupported("a padding that cuts");
  if (mode == "constant") return pad_tensor(e, e.in(), e.out(), e.in_type(), pads, e.node().real("value", 0)), done();
  return unsupported("padding by " + mode);
}

}  // namespace verge::formats::tflite::exports
