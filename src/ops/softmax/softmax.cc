#include "ops/softmax/softmax.h"

#include <numeric>

#include "kernels/softmax_i8/softmax_i8.h"
#include "ops/quantize/quantize_attrs.h"
#include "ops/quantize/requantize.h"
#include "ops/quantized.h"
#include "ops/shape_rules.h"
#include "ops/softmax/softmax_attrs.h"
#include "ops/transpose/transpose.h"
#include "ops/unary/unary_attrs.h"

namespace verge::ops {
namespace {

Result<void> infer(InferContext& c) {
  if (c.in(0).ranked) {
    VERGE_CHECK(axis_of(c.node.integer("axis", -1), std::max(c.in(0).rank(), 1)));
  }
  infer_same(c);
  return done();
}

Cost cost(const Graph& graph, const Node& node) { return elementwise_cost(graph, node, 6); }

QuantRule quant(const Graph&, const Node& node) {
  if (node.op == "log_softmax") return {};
  return {.kind = QuantRule::Kind::kFixedOutput, .fixed_scale = 1.0f / 256, .fixed_zero_point = -128};
}

// The axis brought to the end: what comes in, what goes out, and the order; no temporaries where it is there already.
struct LastAxis {
  TensorRef in, out;
  Shape shape;
  std::vector<int> perm;
  bool moved = false;
};

LastAxis with_axis_last(Emitter& emitter, TensorRef in, TensorRef out, const TensorType& x, const TensorType& y, int axis) {
  LastAxis l{in, out, x.shape(), std::vector<int>(static_cast<size_t>(x.rank())), false};
  std::iota(l.perm.begin(), l.perm.end(), 0);
  if (axis + 1 >= x.rank()) return l;
  l.perm.erase(l.perm.begin() + axis);
  l.perm.push_back(axis);
  l.shape = permuted(x.shape(), l.perm);
  l.moved = true;
  l.in = emitter.temporary(x.dtype, l.shape, x.quant);
  l.out = emitter.temporary(y.dtype, l.shape, y.quant);
  emit_transpose(emitter, in, x.shape(), l.perm, l.in);
  return l;
}

// softmax of f32 `in` to f32 `out` along the last axis.
void emit_f32(const Node& node, Emitter& emitter, TensorRef in, TensorRef out, const Shape& shape) {
  TensorRef x = in;
  const auto beta = static_cast<float>(node.real("beta", 1));
  if (beta != 1) {
    x = emitter.temporary(DataType::kF32, shape);
    emitter.emit(exec::Op::unary_f32, {in}, {x}, exec::UnaryF32Attrs{static_cast<uint32_t>(UnaryF32::kAffine), beta, 0});
  }
  const auto function = node.op == "softmax" ? exec::SoftmaxFunction::kSoftmax : exec::SoftmaxFunction::kLogSoftmax;
  emitter.emit(exec::Op::softmax_f32, {x}, {out}, exec::SoftmaxF32Attrs{static_cast<uint32_t>(function)}, {}, 0);
}

void emit_fixed_point(const Node& node, Emitter& emitter, const LastAxis& l, float x_scale) {
  std::vector<int32_t> table(kSoftmaxTable);
  table.resize(make_softmax_table(x_scale, static_cast<float>(node.real("beta", 1)), table.data()));
  emitter.emit(exec::Op::softmax_i8, {l.in, emitter.constant(Tensor::of<int32_t>({static_cast<int32_t>(table.size())}, table), node.name + ".exp")}, {l.out}, exec::SoftmaxI8Attrs{}, {}, 0);
}

Result<void> emit_quantized(const Node& node, Emitter& emitter, const LastAxis& l, const TensorType& x, const TensorType& y) {
  VERGE_TRY(const AffineType from, affine_type(x, "input"));
  VERGE_TRY(const AffineType to, affine_type(y, "output"));
  VERGE_TRY(const RequantMode mode, requant_mode(node));
  if (is_fixed_point_softmax(node, from, to)) {
    emit_fixed_point(node, emitter, l, from.scale);
    return done();
  }
  const TensorRef real = emitter.temporary(DataType::kF32, l.shape), result = emitter.temporary(DataType::kF32, l.shape);
  emit_dequantize(emitter, l.in, real);
  emit_f32(node, emitter, real, result, l.shape);
  emitter.emit(exec::Op::quantize, {result}, {l.out}, exec::QuantizeAttrs{static_cast<uint32_t>(mode)});
  return done();
}

Result<void> lower(const Node& node, Emitter& emitter) {
  const TensorType &x = emitter.graph().type(node.input(0)), &y = emitter.graph().type(node.output());
  VERGE_TRY(const int axis, axis_of(node.integer("axis", -1), std::max(x.rank(), 1)));
  const bool is_quantized = x.quantized() && y.quantized();
  if (!is_quantized && (x.dtype != DataType::kF32 || y.dtype != DataType::kF32)) return unsupported(node.op + " of " + x.text() + " to " + y.text());
  const TensorRef out = emitter.tensor(node.output());
  const LastAxis l = with_axis_last(emitter, emitter.tensor(node.input(0)), out, x, y, axis);
  if (is_quantized) {
    VERGE_CHECK(emit_quantized(node, emitter, l, x, y));
  } else {
    emit_f32(node, emitter, l.in, l.out, l.shape);
  }
  if (l.moved) emit_transpose(emitter, l.out, l.shape, inverse(l.perm), out);
  return done();
}

constexpr OpMethods kMethods{.infer = infer, .cost = cost, .reference = reference_softmax, .quant = quant, .lower = lower};

}  // namespace

bool is_fixed_point_softmax(const Node& node, const AffineType& x, const AffineType& y) {
  if (node.op != "softmax") return false;
  const bool bytes = x.dtype == y.dtype && (x.dtype == DataType::kI8 || x.dtype == DataType::kU8) && y.scale == 1.0f / 256 && y.zero_point == y.min;
  return bytes || (x.dtype == DataType::kI8 && y.dtype == DataType::kI16 && y.scale == 1.0f / 65536 && y.zero_point == y.min);
}

VERGE_OP_METHODS(softmax) = kMethods;
VERGE_OP_METHODS(log_softmax) = kMethods;

}  // namespace verge::ops
