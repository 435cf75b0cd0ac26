#include <cmath>

#include "ops/binary/binary_attrs.h"
#include "ops/norm/norm.h"
#include "ops/norm/norm_attrs.h"
#include "ops/product_bf16.h"
#include "ops/spatial.h"

namespace verge::ops {
namespace {

Result<void> require_f32(const Node& node, const Emitter& emitter) {
  const TensorType& x = emitter.graph().type(node.input(0));
  if (x.dtype != DataType::kF32) return unsupported("input " + x.text() + "; f32 is supported");
  return done();
}

// The constants of a batch_norm as y = x * factor + offset, shaped to broadcast along the axis.
struct Affine {
  Tensor factor, offset;
};

Result<Affine> affine_of(const Node& node, const Graph& graph, int axis, int rank) {
  std::vector<double> value[5];
  for (size_t i = 1; i < 5; ++i) {
    if (!graph.constant(node.input(i))) return unsupported("scale, bias, mean or variance that are computed at run time; they must be constant");
    value[i] = graph.constant(node.input(i))->to_doubles();
  }
  const size_t n = value[1].size();
  std::vector<float> factor(n), offset(n);
  for (size_t i = 0; i < n; ++i) {
    const double f = value[1][i] / std::sqrt(value[4][i] + node.real("epsilon", 1e-5));
    factor[i] = static_cast<float>(f);
    offset[i] = static_cast<float>(value[2][i] - value[3][i] * f);
  }
  Shape shape;
  shape.rank = rank - axis;
  shape[0] = static_cast<int32_t>(n);
  for (int i = 1; i < shape.rank; ++i) shape[i] = 1;
  return Affine{Tensor::of(shape, factor), Tensor::of(shape, offset)};
}

}  // namespace

Result<void> lower_batch_norm(const Node& node, Emitter& emitter) {
  VERGE_CHECK(require_f32(node, emitter));
  const Shape shape = emitter.graph().type(node.output()).shape();
  VERGE_TRY(const int axis, norm_axis(node, shape.rank));
  VERGE_TRY(Affine affine, affine_of(node, emitter.graph(), axis, shape.rank));
  const auto attrs = [](BinaryF32 function) { return exec::BinaryF32Attrs{static_cast<uint32_t>(function), -INFINITY, INFINITY}; };
  const TensorRef scaled = emitter.temporary(DataType::kF32, shape);
  emitter.emit(exec::Op::binary_f32, {emitter.tensor(node.input(0)), emitter.constant(std::move(affine.factor), node.name + ".factor")}, {scaled},
               attrs(BinaryF32::kMul), {}, 0);
  emitter.emit(exec::Op::binary_f32, {scaled, emitter.constant(std::move(affine.offset), node.name + ".offset")}, {emitter.tensor(node.output())},
               attrs(BinaryF32::kAdd), {}, 0);
  return done();
}

Result<void> lower_norm(const Node& node, Emitter& emitter) {
  if (bf16_values(emitter.graph(), node) == Bf16Values::kNone) VERGE_CHECK(require_f32(node, emitter));
  if (node.op == "group_norm" || node.op == "instance_norm") VERGE_CHECK(require_nhwc(node));
  VERGE_TRY(const NormShape s, norm_shape(node, emitter.graph().type(node.input(0)).shape()));
  const exec::NormalizeAttrs attrs{static_cast<int32_t>(s.batch), static_cast<int32_t>(s.pixels), static_cast<int32_t>(s.groups), static_cast<int32_t>(s.channels),
                                   node.op != "rms_norm", static_cast<float>(node.real("epsilon", 1e-5))};
  std::vector<TensorRef> in;
  for (ValueId value : node.inputs) in.push_back(emitter.tensor(value));
  const bool alike = emitter.graph().type(node.input(0)).dtype == emitter.graph().type(node.output()).dtype;
  emitter.emit(exec::Op::normalize_f32, std::move(in), {emitter.tensor(node.output())}, attrs, {}, alike ? 0 : -1);
  return done();
}

Result<void> lower_lrn(const Node& node, Emitter& emitter) {
  VERGE_CHECK(require_f32(node, emitter));
  VERGE_CHECK(require_nhwc(node));
  const auto size = static_cast<int32_t>(node.integer("size"));
  const exec::LrnAttrs attrs{(size - 1) / 2, size / 2, static_cast<float>(node.real("alpha", 1e-4) / size), static_cast<float>(node.real("beta", 0.75)),
                             static_cast<float>(node.real("bias", 1))};
  emitter.emit(exec::Op::lrn_f32, {emitter.tensor(node.input(0))}, {emitter.tensor(node.output())}, attrs);
  return done();
}

}  // namespace verge::ops
