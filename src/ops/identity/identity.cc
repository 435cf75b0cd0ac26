// identity: y = x. shape: the dimensions of x as [rank] i64. bit_cast: the bits of x as the element type `to` of the same width.
#include "ops/op.h"
#include "ops/reference_tools.h"
#include "ops/reshape/copy_attrs.h"
#include "ops/shape_rules.h"

namespace verge::ops {
namespace {

Result<void> infer_identity(InferContext& c) {
  c.out[0] = c.in(0);
  return done();
}

Cost no_cost(const Graph&, const Node&) { return {}; }

QuantRule quant(const Graph&, const Node&) { return {.kind = QuantRule::Kind::kPassThrough}; }

Result<void> reference_identity(ReferenceContext& c) {
  std::copy(c.in[0].bytes().begin(), c.in[0].bytes().end(), c.out[0].data());
  return done();
}

Result<void> lower_identity(const Node& node, Emitter& emitter) { return emitter.alias(node.output(), node.input(0)); }

Result<void> infer_shape(InferContext& c) {
  c.out[0].dtype = DataType::kI64;
  c.out[0].ranked = true;
  c.out[0].dims = {c.in(0).ranked ? Dim(c.in(0).rank()) : Dim()};
  return done();
}

Tensor shape_tensor(const Shape& shape) {
  std::vector<int64_t> dims(shape.dim, shape.dim + shape.rank);
  return Tensor::of<int64_t>({shape.rank}, dims);
}

Result<void> reference_shape(ReferenceContext& c) {
  fill(c.out[0], shape_tensor(c.in[0].shape()).to_ints());
  return done();
}

Result<void> lower_shape(const Node& node, Emitter& emitter) {
  const TensorRef dims = emitter.constant(shape_tensor(emitter.graph().type(node.input(0)).shape()), node.name + ".shape");
  emitter.emit(exec::Op::copy, {dims}, {emitter.tensor(node.output())}, exec::CopyAttrs{});
  return done();
}

Result<void> infer_bit_cast(InferContext& c) {
  c.out[0] = c.in(0);
  c.out[0].quant = {};
  c.out[0].dtype = dtype_from_name(c.node.text("to").c_str());
  const size_t bits = dtype_bits(c.out[0].dtype);
  if (bits == 0 || (c.in(0).dtype != DataType::kNone && dtype_bits(c.in(0).dtype) != bits)) return invalid("it sees " + c.in(0).text() + " as '" + c.node.text("to") + "', which is not as wide");
  return done();
}

}  // namespace

VERGE_OP_METHODS(identity) = {.infer = infer_identity, .cost = no_cost, .reference = reference_identity, .quant = quant, .lower = lower_identity};
VERGE_OP_METHODS(bit_cast) = {.infer = infer_bit_cast, .cost = no_cost, .reference = reference_identity, .lower = lower_identity};
VERGE_OP_METHODS(shape) = {.infer = infer_shape, .cost = no_cost, .reference = reference_shape, .lower = lower_shape};

}  // namespace verge::ops
