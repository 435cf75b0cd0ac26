// table: y[i] = values[x[i]]: any function of 8-bit integers, as the pass fuse_table makes them.   x, y: any equal shape.
//
// values: 256 bytes in y's element type, by x's byte as it is stored, so that i8 -1 reads entry 255.
#include "ops/op.h"
#include "ops/quantized.h"
#include "ops/shape_rules.h"
#include "ops/unary/unary_attrs.h"

namespace verge::ops {
namespace {

// Null where the attribute is not what it should be.
const Tensor* values_of(const Node& node) {
  const auto found = node.attrs.find("values");
  const Tensor* t = found == node.attrs.end() ? nullptr : std::get_if<Tensor>(&found->second);
  return t && is_8bit(t->dtype()) && t->count() == 256 ? t : nullptr;
}

Result<void> infer(InferContext& c) {
  const Tensor* values = values_of(c.node);
  if (!values) return invalid("attribute values is not 256 elements of i8 or u8");
  if (!is_8bit(c.in(0).dtype)) return invalid("input is " + c.in(0).text() + ", wants i8 or u8");
  infer_same(c);
  c.out[0].dtype = values->dtype();
  c.out[0].quant = {};
  return done();
}

Cost cost(const Graph& graph, const Node& node) { return elementwise_cost(graph, node); }

Result<void> reference(ReferenceContext& c) {
  const Tensor& values = *values_of(c.node);
  const ByteSpan x = c.in[0].bytes();
  auto* y = static_cast<uint8_t*>(c.out[0].data());
  for (size_t i = 0; i < x.size(); ++i) y[i] = values.bytes()[x[i]];
  return done();
}

Result<void> lower(const Node& node, Emitter& emitter) {
  const Tensor table(DataType::kU8, {256}, Bytes(values_of(node)->bytes().begin(), values_of(node)->bytes().end()));
  emitter.emit(exec::Op::lut8, {emitter.tensor(node.input(0)), emitter.constant(table, node.name + ".table")}, {emitter.tensor(node.output())},
               exec::Lut8Attrs{}, {}, 0);
  return done();
}

}  // namespace

VERGE_OP_METHODS(table) = {.infer = infer, .cost = cost, .reference = reference, .lower = lower};

}  // namespace verge::ops
