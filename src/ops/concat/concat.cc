// y = the inputs one behind the other along `axis`. Quantised inputs of another scale are requantised to the output's first.
#include <algorithm>

#include "core/text.h"
#include "ops/concat/concat_attrs.h"
#include "ops/op.h"
#include "ops/quantize/requantize.h"
#include "ops/reference_tools.h"
#include "ops/shape_rules.h"

namespace verge::ops {
namespace {

Result<void> add_input(const TensorType& x, size_t i, size_t axis, std::vector<Dim>& dims) {
  if (x.dims.size() != dims.size()) return invalid("input " + std::to_string(i) + " is " + x.text() + ", wants rank " + std::to_string(dims.size()) + " as input 0 has");
  for (size_t d = 0; d < dims.size(); ++d) {
    if (d == axis) {
      dims[d] = dims[d].known() && x.dims[d].known() ? Dim(dims[d].size + x.dims[d].size) : Dim();
      continue;
    }
    VERGE_TRY(dims[d], equal_dim(dims[d], x.dims[d]), "input " + std::to_string(i) + " is " + x.text() + ", dimension " + std::to_string(d) + " differs from the inputs before");
  }
  return done();
}

Result<void> infer(InferContext& c) {
  c.out[0].dtype = output_dtype(c);
  for (size_t i = 0; i < c.node.inputs.size(); ++i) {
    if (!c.has(i)) return invalid("input " + std::to_string(i) + " is absent");
    if (!c.in(i).ranked) return done();
  }
  VERGE_TRY(const int axis, axis_of(c.node.integer("axis"), c.in(0).rank()));
  std::vector<Dim> dims = c.in(0).dims;
  for (size_t i = 1; i < c.node.inputs.size(); ++i) {
    if (c.in(i).dtype != c.in(0).dtype && !c.in(i).quantized())
      return invalid("input " + std::to_string(i) + " is " + c.in(i).text() + ", input 0 is " + c.in(0).text());
    VERGE_CHECK(add_input(c.in(i), i, static_cast<size_t>(axis), dims));
  }
  c.out[0].ranked = true;
  c.out[0].dims = std::move(dims);
  return done();
}

QuantRule quant(const Graph&, const Node&) { return {.kind = QuantRule::Kind::kSameScale}; }

Result<void> reference(ReferenceContext& c) {
  Tensor& y = c.out[0];
  VERGE_TRY(const int axis, axis_of(c.node.integer("axis"), y.shape().rank));
  int64_t first = 0;
  for (const Tensor& given : c.in) {
    VERGE_TRY(const Tensor x, moved_tensor(c.node, given, y));
    VERGE_CHECK(move_elements(x, y, [&](int64_t i) -> int64_t {
      Coordinates at = coordinates_of(y.shape(), i);
      at[static_cast<size_t>(axis)] -= first;
      const bool inside = at[static_cast<size_t>(axis)] >= 0 && at[static_cast<size_t>(axis)] < x.shape()[axis];
      return inside ? index_of(x.shape(), at) : -1;
    }));
    first += x.shape()[axis];
  }
  return done();
}

// As many instructions as the limit of inputs asks for: groups first, then the groups.
void emit_concat(Emitter& emitter, std::vector<TensorRef> in, std::vector<Shape> shapes, const TensorType& y, int axis, TensorRef out) {
  while (in.size() > exec::kMostConcat) {
    std::vector<TensorRef> grouped;
    std::vector<Shape> grouped_shapes;
    for (size_t i = 0; i < in.size(); i += exec::kMostConcat) {
      const size_t end = std::min(in.size(), i + exec::kMostConcat);
      Shape shape = shapes[i];
      for (size_t k = i + 1; k < end; ++k) shape[axis] += shapes[k][axis];
      const TensorRef group = emitter.temporary(y.dtype, shape, y.quant);
      emitter.emit(exec::Op::concat, {in.begin() + static_cast<ptrdiff_t>(i), in.begin() + static_cast<ptrdiff_t>(end)}, {group}, exec::ConcatAttrs{axis});
      grouped.push_back(group);
      grouped_shapes.push_back(shape);
    }
    in = std::move(grouped);
    shapes = std::move(grouped_shapes);
  }
  emitter.emit(exec::Op::concat, in, {out}, exec::ConcatAttrs{axis});
}

Result<void> lower(const Node& node, Emitter& emitter) {
  const TensorType& y = emitter.graph().type(node.output());
  VERGE_TRY(const int axis, axis_of(node.integer("axis"), y.rank()));
  if (dtype_bits(y.dtype) < 8) return unsupported(std::string("concat of packed ") + dtype_name(y.dtype));
  if (node.inputs.size() == 1 && emitter.graph().type(node.input(0)) == y) return emitter.alias(node.output(), node.input(0));
  std::vector<TensorRef> in;
  std::vector<Shape> shapes;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    VERGE_TRY(const TensorRef x, moved_input(emitter, node, i));
    in.push_back(x);
    shapes.push_back(emitter.graph().type(node.input(i)).shape());
  }
  emit_concat(emitter, std::move(in), std::move(shapes), y, axis, emitter.tensor(node.output()));
  return done();
}

}  // namespace

VERGE_OP_METHODS(concat) = {.infer = infer, .cost = movement_cost, .reference = reference, .quant = quant, .lower = lower};

}  // namespace verge::ops
