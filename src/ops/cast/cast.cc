// y = x in the element type `to`: floats to integers truncate and saturate, integers to integers wrap, anything not zero is true.
#include "ops/cast/cast_attrs.h"
#include "ops/op.h"
#include "ops/reference_tools.h"
#include "ops/shape_rules.h"

namespace verge::ops {
namespace {

Result<void> infer(InferContext& c) {
  const std::string to = c.node.text("to");
  c.out[0] = c.in(0);
  c.out[0].quant = {};
  c.out[0].dtype = dtype_from_name(to.c_str());
  if (c.out[0].dtype == DataType::kNone) return invalid("attribute to = '" + to + "' is no element type");
  return done();
}

Cost cost(const Graph& graph, const Node& node) { return elementwise_cost(graph, node); }

Result<void> reference(ReferenceContext& c) {
  const Tensor& x = c.in[0];
  Tensor& y = c.out[0];
  if (x.dtype() == DataType::kString || y.dtype() == DataType::kString) return unsupported("casts strings");
  const bool whole = (is_integer(x.dtype()) || x.dtype() == DataType::kBool) && (is_integer(y.dtype()) || y.dtype() == DataType::kBool) && dtype_bits(y.dtype()) >= 8;
  if (whole) fill_wrapping(y, x.to_ints());
  else fill(y, x.to_doubles());
  return done();
}

bool runs(DataType dtype) { return is_float(dtype) || dtype == DataType::kBool || (dtype >= DataType::kI8 && dtype <= DataType::kU64); }

Result<void> lower(const Node& node, Emitter& emitter) {
  const TensorType &x = emitter.graph().type(node.input(0)), &y = emitter.graph().type(node.output());
  if (x.dtype == y.dtype) return emitter.alias(node.output(), node.input(0));
  if (!runs(x.dtype) || !runs(y.dtype)) return unsupported("casts " + x.text() + " to " + dtype_name(y.dtype) + ": only real numbers, bool and whole-byte integers run");
  emitter.emit(exec::Op::cast, {emitter.tensor(node.input(0))}, {emitter.tensor(node.output())}, exec::CastAttrs{});
  return done();
}

}  // namespace

VERGE_OP_METHODS(cast) = {.infer = infer, .cost = cost, .reference = reference, .lower = lower};

}  // namespace verge::ops
