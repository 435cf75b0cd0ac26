// Convolutions, dense layers, pools and the other operators with height and width, as ONNX.
#include <algorithm>

#include "formats/onnx/exporter.h"
#include "ops/spatial.h"

namespace verge::formats::onnx::exports {
namespace {

constexpr const char* kMicrosoft = "com.microsoft";

Result<ConvGeometry> window_of(Exporter& e, int64_t kernel_h, int64_t kernel_w, int32_t groups) {
  VERGE_TRY(const ops::Axes axes, ops::axes_of(e.node()));
  if (axes.c != 3) return internal("the graph is not channels last");
  VERGE_TRY(const ops::Window window, ops::window_of(e.node(), kernel_h, kernel_w));
  return ops::geometry_of(window, axes, e.in_type().shape(), e.out_type().shape(), groups);
}

void set_window(pb::NodeProto& n, const ConvGeometry& g) {
  const auto rest = [](int32_t out, int32_t stride, int32_t kernel, int32_t dilation, int32_t in, int32_t begin) {
    return std::max<int64_t>(0, int64_t{out - 1} * stride + int64_t{kernel - 1} * dilation + 1 - in - begin);
  };
  set(n, "kernel_shape", std::vector<int64_t>{g.kernel_h, g.kernel_w});
  set(n, "strides", std::vector<int64_t>{g.stride_h, g.stride_w});
  if (g.dilation_h != 1 || g.dilation_w != 1) set(n, "dilations", std::vector<int64_t>{g.dilation_h, g.dilation_w});
  set(n, "pads",
      std::vector<int64_t>{g.pad_top, g.pad_left, rest(g.out_h, g.stride_h, g.kernel_h, g.dilation_h, g.in_h, g.pad_top),
                           rest(g.out_w, g.stride_w, g.kernel_w, g.dilation_w, g.in_w, g.pad_left)});
}

void append(std::vector<std::string>& to, const std::vector<std::string>& more) { to.insert(to.end(), more.begin(), more.end()); }

// x, scale, zero point, w, scale, zero point, y scale, y zero point
std::vector<std::string> integer_operands(Exporter& e, Order order, const Tensor& w) {
  std::vector<std::string> in = e.operand(0, order);
  append(in, e.operand(w, e.graph().value(e.node().input(1)).name));
  return in;
}

std::string hint(Exporter& e, size_t i) { return e.graph().value(e.node().input(i)).name; }

Tensor transposed(const Tensor& w) {
  const int32_t n = w.shape()[0], k = w.shape()[1];
  Tensor out(w.dtype(), {k, n});
  const size_t bytes = dtype_bits(w.dtype()) / 8;
  for (int32_t i = 0; i < n; ++i)
    for (int32_t j = 0; j < k; ++j)
      std::copy_n(w.bytes().data() + static_cast<size_t>(i * k + j) * bytes, bytes, out.data() + static_cast<size_t>(j * n + i) * bytes);
  QuantParams quant = w.quant();
  if (quant.per_channel()) quant.axis = 1 - quant.axis;
  out.set_quant(std::move(quant));
  return out;
}

Result<void> pool(Exporter& e, const char* type, bool average) {
  const std::vector<int64_t> kernel = e.node().integers("kernel", {1, 1});
  VERGE_TRY(const ConvGeometry g, window_of(e, kernel[0], kernel[1], 1));
  if (average && e.options().onnx_opset < 19 && (g.dilation_h != 1 || g.dilation_w != 1)) return unsupported("an average with dilations before opset 19");
  const int64_t counts = e.node().integer("count_include_pad");
  if (e.in_integers() && average && !e.clamps()) {
    std::vector<std::string> in = e.operand(0, Order::kFirst);
    append(in, e.out_params());
    pb::NodeProto& n = e.op("QLinearAveragePool", in, {e.out_stored(Order::kFirst)}, kMicrosoft);
    set_window(n, g);
    set(n, "count_include_pad", counts);
    return done();
  }
  e.clamped(Order::kFirst, [&](const std::string& to) {
    pb::NodeProto& n = e.op(type, {e.real(0, Order::kFirst)}, {to});
    set_window(n, g);
    if (average) set(n, "count_include_pad", counts);
  });
  return done();
}

}  // namespace

Result<void> conv(Exporter& e) {
  if (e.node().input(3).valid()) return internal("a convolution with a fused residual");
  if (!e.constant_in(1)) return unsupported("weights that are computed");
  const Tensor w = channels_first(*e.constant_in(1));
  const auto groups = static_cast<int32_t>(e.node().integer("groups", 1));
  VERGE_TRY(const ConvGeometry g, window_of(e, w.shape()[2], w.shape()[3], groups));
  const Tensor* bias = e.constant_in(2);
  if (e.node().input(2).valid() && !bias) return unsupported("a bias that is computed");
  if (e.in_integers() && !e.clamps()) {
    std::vector<std::string> in = integer_operands(e, Order::kFirst, w);
    append(in, e.out_params());
    if (bias) in.push_back(e.constant(*bias, hint(e, 2)));
    pb::NodeProto& n = e.op("QLinearConv", in, {e.out_stored(Order::kFirst)});
    set_window(n, g);
    set(n, "group", int64_t{groups});
    return done();
  }
  e.clamped(Order::kFirst, [&](const std::string& to) {
    std::vector<std::string> in{e.real(0, Order::kFirst), e.real_constant(w, hint(e, 1))};
    if (bias) in.push_back(e.real_constant(*bias, hint(e, 2)));
    pb::NodeProto& n = e.op("Conv", in, {to});
    set_window(n, g);
    set(n, "group", int64_t{groups});
  });
  return done();
}

Result<void> dense(Exporter& e) {
  const Tensor *w = e.constant_in(1), *bias = e.constant_in(2);
  if (!w || (e.node().input(2).valid() && !bias)) return unsupported("weights or a bias that are computed");
  const bool flat = e.in_type().rank() == 2;
  if (e.in_integers() && flat && !e.clamps()) {
    std::vector<std::string> in = integer_operands(e, Order::kLast, *w);
    in.push_back(bias ? e.constant(*bias, hint(e, 2)) : "");
    append(in, e.out_params());
    set(e.op("QGemm", in, {e.out_stored(Order::kLast)}, kMicrosoft), "transB", int64_t{1});
    return done();
  }
  e.clamped(Order::kLast, [&](const std::string& to) {
    if (flat) {
      std::vector<std::string> in{e.real(0, Order::kLast), e.real_constant(*w, hint(e, 1))};
      if (bias) in.push_back(e.real_constant(*bias, hint(e, 2)));
      set(e.op("Gemm", in, {to}), "transB", int64_t{1});
      return;
    }
    const std::string product = bias ? e.fresh(e.node().name + "/product") : to;
    e.op("MatMul", {e.real(0, Order::kLast), e.real_constant(transposed(*w), hint(e, 1))}, {product});
    if (bias) e.op("Add", {product, e.real_constant(*bias, hint(e, 2))}, {to});
  });
  return done();
}

Result<void> avg_pool(Exporter& e) { return pool(e, "AveragePool", true); }
Result<void> max_pool(Exporter& e) { return pool(e, "MaxPool", false); }

Result<void> resize(Exporter& e) {
  const std::string mode = e.node().text("mode", "nearest"), coordinate = e.node().text("coordinate", "half_pixel");
  if (mode == "area" || coordinate == "crop" || (coordinate == "half_pixel_symmetric" && e.options().onnx_opset < 19))
    return unsupported("resize by " + mode + " with coordinates " + coordinate);
  const Order order = e.in_type().rank() == 4 ? Order::kFirst : Order::kLast;
  std::vector<int64_t> sizes;
  for (const Dim& d : e.out_type().dims) sizes.push_back(d.size);
  pb::NodeProto& n = e.op("Resize", {e.real(0, order), "", "", e.ints(ordered(sizes, order))}, {e.out_real(order)});
  set(n, "mode", mode);
  set(n, "coordinate_transformation_mode", coordinate);
  if (mode == "nearest") set(n, "nearest_mode", e.node().text("nearest_mode", "round_prefer_floor"));
  if (mode == "cubic") set(n, "cubic_coeff_a", e.node().real("cubic_a", -0.75)), set(n, "exclude_outside", e.node().integer("exclude_outside"));
  if (e.node().integer("antialias")) set(n, "antialias", int64_t{1});
  return done();
}

Result<void> depth_to_space(Exporter& e) {
  std::string mode = e.node().text("mode", "dcr");
  std::transform(mode.begin(), mode.end(), mode.begin(), [](char c) { return static_cast<char>(std::toupper(c)); });
  pb::NodeProto& n = e.op("DepthToSpace", {e.real(0, Order::kFirst)}, {e.out_real(Order::kFirst)});
  set(n, "blocksize", e.node().integer("block"));
  set(n, "mode", mode);
  return done();
}

Result<void> space_to_depth(Exporter& e) {
  if (e.node().text("mode", "dcr") != "dcr") return unsupported("space to depth in the order " + e.node().text("mode"));
  set(e.op("SpaceToDepth", {e.real(0, Order::kFirst)}, {e.out_real(Order::kFirst)}), "blocksize", e.node().integer("block"));
  return done();
}

Result<void> pad(Exporter& e) {
  const std::string mode = e.node().text("mode", "constant");
  const Order order = e.natural_order();
  const std::vector<int64_t> pads = e.node().integers("pads");
  const auto middle = pads.begin() + static_cast<int64_t>(pads.size() / 2);
  std::vector<int64_t> both = ordered({pads.begin(), middle}, order);
  const std::vector<int64_t> ends = ordered({middle, pads.end()}, order);
  both.insert(both.end(), ends.begin(), ends.end());
  set(e.op("Pad", {e.real(0, order), e.ints(both), e.scalar(static_cast<float>(e.node().real("value", 0)))}, {e.out_real(order)}), "mode", mode);
  return done();
}

}  // namespace verge::formats::onnx::exports
