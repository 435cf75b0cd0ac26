#include "ops/conv/conv_gradient.h"

#include <numeric>

#include "core/text.h"
#include "kernels/depthwise/depthwise_f32.h"
#include "kernels/gemm/pack_f32.h"
#include "kernels/weight_gradient/weight_gradient_f32.h"
#include "ops/conv/conv_attrs.h"
#include "ops/conv/weight_gradient_attrs.h"
#include "ops/dense/dense_attrs.h"
#include "ops/traffic.h"

namespace verge::ops {
namespace {

using exec::PackF32Attrs;
using exec::PackKind;

constexpr int32_t kMostStride = 15;  // an instruction has at most 255 inputs
constexpr float kUnbounded = std::numeric_limits<float>::infinity();

Result<void> infer_input_gradient(InferContext& c) {
  const std::vector<int64_t> shape = c.node.integers("shape");
  if (shape.size() != 4) return invalid("shape " + bracketed(shape) + " wants the four sizes of the convolution's input");
  c.out[0] = TensorType(c.in(0).dtype, std::vector<Dim>(shape.begin(), shape.end()));
  return done();
}

Result<void> infer_weight_gradient(InferContext& c) {
  const std::vector<int64_t> kernel = c.node.integers("kernel");
  const TensorType &x = c.in(0), &dy = c.in(1);
  if (kernel.size() != 2 || x.rank() != 4 || dy.rank() != 4)
    return invalid("kernel " + bracketed(kernel) + ", inputs " + x.text() + " and " + dy.text() + ": wants two numbers and inputs of rank 4");
  const int64_t groups = c.node.integer("groups", 1);
  c.out[0] = TensorType(x.dtype, std::vector<Dim>{dy.dims[3], kernel[0], kernel[1], x.dims[3].known() ? Dim(x.dims[3].size / groups) : Dim()});
  c.out[1] = TensorType(x.dtype, std::vector<Dim>{dy.dims[3]});
  return done();
}

Result<void> infer_dense_gradient(InferContext& c) {
  const TensorType &x = c.in(0), &dy = c.in(1);
  if (x.rank() < 1 || dy.rank() != x.rank()) return invalid("inputs are " + x.text() + " and " + dy.text() + ", want equal ranks");
  c.out[0] = TensorType(x.dtype, std::vector<Dim>{dy.dims.back(), x.dims.back()});
  c.out[1] = TensorType(x.dtype, std::vector<Dim>{dy.dims.back()});
  return done();
}

Cost input_gradient_cost(const Graph& graph, const Node& node) {
  Cost cost = traffic(graph, node);
  const TensorType &dy = graph.type(node.input(0)), &w = graph.type(node.input(1));
  if (dy.is_static() && w.is_static()) cost.macs = dy.shape().count() * w.shape().count(1, 4);
  return cost;
}

Cost weight_gradient_cost(const Graph& graph, const Node& node) {
  Cost cost = traffic(graph, node);
  const TensorType &dy = graph.type(node.input(1)), &dw = graph.type(node.output());
  if (dy.is_static() && dw.is_static()) cost.macs = dy.shape().count() * dw.shape().count() / dw.shape()[0];
  return cost;
}

// One axis of a phase: of the input's positions first + i * stride, i < size, and of the taps that reach them.
struct Phase {
  int32_t size, taps, first_tap, step, dilation, pad;
};

// Tap t reaches the position where (position + pad - t * dilation) is a multiple of the stride: every step-th tap does, if any.
Phase phase_of(int32_t position, int32_t in, int32_t kernel, int32_t stride, int32_t dilation, int32_t pad) {
  const int32_t common = std::gcd(stride, dilation), step = stride / common, size = (in - position + stride - 1) / stride;
  int32_t tap = 0;
  while (tap < step && (position + pad - tap * dilation) % stride != 0) ++tap;
  if (tap == step || tap >= kernel) return {size, 0, 0, 0, 0, 0};
  const int32_t taps = (kernel - 1 - tap) / step + 1, apart = dilation / common;
  return {size, taps, tap + (taps - 1) * step, -step, apart, (taps - 1) * apart - (position + pad - tap * dilation) / stride};
}

// The convolution over dy that gives one phase of dx.
struct PhaseConv {
  ConvGeometry g;
  PackF32Attrs pack;
};

PhaseConv phase_conv(const ConvGeometry& forward, const Phase& h, const Phase& w) {
  PhaseConv p;
  p.g = {.batch = forward.batch, .in_h = forward.out_h, .in_w = forward.out_w, .in_c = forward.out_c, .out_h = h.size, .out_w = w.size, .out_c = forward.in_c,
         .kernel_h = h.taps, .kernel_w = w.taps, .dilation_h = h.dilation, .dilation_w = w.dilation, .pad_top = h.pad, .pad_left = w.pad,
         .groups = forward.groups};
  const bool depthwise = is_depthwise_gradient(forward);
  p.pack = {static_cast<int32_t>(depthwise ? PackKind::kDepthwise : PackKind::kProduct), forward.groups, static_cast<int32_t>(forward.group_in()),
            static_cast<int32_t>(forward.group_out()), forward.kernel_h, forward.kernel_w, h.first_tap, h.step, h.taps, w.first_tap, w.step, w.taps, 1};
  return p;
}

void emit_phase(Emitter& emitter, TensorRef dy, TensorRef w, const PhaseConv& p, TensorRef out, const std::string& name) {
  const ConvGeometry& g = p.g;
  const bool depthwise = p.pack.kind == static_cast<int32_t>(PackKind::kDepthwise);
  const auto groups = static_cast<size_t>(g.groups);
  const size_t weights = depthwise ? packed_depthwise_f32_size(static_cast<size_t>(g.out_c), g.taps()) : groups * packed_weights_f32_size(g.group_out(), g.taps(), g.group_in());
  const size_t biases = depthwise ? packed_bias_f32_size(static_cast<size_t>(g.out_c)) : groups * packed_bias_f32_size(g.group_out());
  const TensorRef packed = emit_pack(emitter, w, p.pack, weights);
  const TensorRef bias = emitter.constant(Tensor(DataType::kF32, {static_cast<int32_t>(biases)}), name + ".zeros");
  const exec::ConvF32Attrs attrs{window_attrs(g), g.groups, -kUnbounded, kUnbounded};
  if (depthwise) emitter.emit(exec::Op::depthwise_f32, {dy, packed, bias}, {out}, attrs, emitter.scratch(static_cast<size_t>(g.in_c) * sizeof(float)));
  else emit_product(emitter, g, {dy, packed, bias}, out, attrs);
}

Result<void> lower_input_gradient(const Node& node, Emitter& emitter) {
  VERGE_CHECK(require_nhwc(node));
  const Shape dx = emitter.graph().type(node.output()).shape(), dy = emitter.graph().type(node.input(0)).shape();
  VERGE_TRY(const ConvGeometry g, conv_geometry(node, dx, emitter.graph().type(node.input(1)).shape(), dy));
  if (g.stride_h > kMostStride || g.stride_w > kMostStride) return unsupported("the gradient of a convolution with a stride beyond " + std::to_string(kMostStride));
  const TensorRef from = emitter.tensor(node.input(0)), w = emitter.tensor(node.input(1)), to = emitter.tensor(node.output());
  const bool strided = g.stride_h * g.stride_w > 1;
  std::vector<TensorRef> phases;
  for (int32_t y = 0; y < g.stride_h; ++y)
    for (int32_t x = 0; x < g.stride_w; ++x) {
      const Phase h = phase_of(y, g.in_h, g.kernel_h, g.stride_h, g.dilation_h, g.pad_top), v = phase_of(x, g.in_w, g.kernel_w, g.stride_w, g.dilation_w, g.pad_left);
      phases.emplace_back();
      if (h.taps == 0 || v.taps == 0 || h.size <= 0 || v.size <= 0) continue;
      phases.back() = strided ? emitter.temporary(DataType::kF32, {g.batch, h.size, v.size, g.in_c}) : to;
      emit_phase(emitter, from, w, phase_conv(g, h, v), phases.back(), node.name);
    }
  if (strided) emitter.emit(exec::Op::interleave_f32, std::move(phases), {to}, exec::InterleaveF32Attrs{g.stride_h, g.stride_w});
  return done();
}

void emit_weight_gradient(const Node& node, Emitter& emitter, const ConvGeometry& g, const exec::WeightGradientAttrs& attrs) {
  emitter.emit(exec::Op::weight_gradient_f32, {emitter.tensor(node.input(0)), emitter.tensor(node.input(1))}, {emitter.tensor(node.output(0)), emitter.tensor(node.output(1))},
               attrs, emitter.scratch(weight_gradient_f32_scratch(g) * sizeof(float)));
}

Result<void> lower_weight_gradient(const Node& node, Emitter& emitter) {
  VERGE_CHECK(require_nhwc(node));
  const Graph& graph = emitter.graph();
  VERGE_TRY(const ConvGeometry g, conv_geometry(node, graph.type(node.input(0)).shape(), graph.type(node.output()).shape(), graph.type(node.input(1)).shape()));
  emit_weight_gradient(node, emitter, g, {window_attrs(g), g.groups, 0});
  return done();
}

Result<void> lower_dense_gradient(const Node& node, Emitter& emitter) {
  const Graph& graph = emitter.graph();
  emit_weight_gradient(node, emitter, exec::rows_geometry(graph.type(node.input(0)).shape(), graph.type(node.input(1)).shape()), {{}, 1, 1});
  return done();
}

}  // namespace

TensorRef emit_pack(Emitter& emitter, TensorRef source, const PackF32Attrs& attrs, size_t packed_floats) {
  const TensorRef packed = emitter.temporary(DataType::kF32, {static_cast<int32_t>(packed_floats)});
  emitter.emit(exec::Op::pack_f32, {source}, {packed}, attrs);
  return packed;
}

PackF32Attrs pack_attrs(const ConvGeometry& g, PackKind kind) {
  return {static_cast<int32_t>(kind), g.groups, static_cast<int32_t>(g.group_out()), static_cast<int32_t>(g.group_in()), g.kernel_h, g.kernel_w,
          0, 1, g.kernel_h, 0, 1, g.kernel_w, 0};
}

VERGE_OP_METHODS(conv_input_gradient) = {.infer = infer_input_gradient, .cost = input_gradient_cost, .reference = reference_conv_input_gradient,
                                            .lower = lower_input_gradient};
VERGE_OP_METHODS(conv_weight_gradient) = {.infer = infer_weight_gradient, .cost = weight_gradient_cost, .reference = reference_conv_weight_gradient,
                                             .lower = lower_weight_gradient};
VERGE_OP_METHODS(dense_weight_gradient) = {.infer = infer_dense_gradient, .cost = weight_gradient_cost, .reference = reference_dense_weight_gradient,
                                              .lower = lower_dense_gradient};

}  // namespace verge::ops
