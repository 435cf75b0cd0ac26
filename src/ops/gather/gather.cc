// Elements of x named by indices (i32 or i64; negative ones count from the end, others outside are an error).
//
//   gather           y[..., j, ...] = x[..., indices[j], ...] along `axis`
//   gather_elements  y[i] = x[i with i[axis] = indices[i]]
//   gather_nd        y[b, j, ...] = x[b, indices[b, j, 0], ..., indices[b, j, k - 1], ...], the first `batch_dims` dimensions shared
#include "ops/gather/gather_attrs.h"
#include "core/text.h"
#include "ops/op.h"
#include "ops/quantize/requantize.h"
#include "ops/reference_tools.h"
#include "ops/shape_rules.h"

namespace verge::ops {
namespace {

Result<void> need_indices(const InferContext& c) {
  const DataType dtype = c.in(1).dtype;
  if (dtype != DataType::kI32 && dtype != DataType::kI64 && dtype != DataType::kNone) return invalid("indices are " + c.in(1).text() + ", want i32 or i64");
  VERGE_CHECK(need_rank(c.in(0), "input"));
  return need_rank(c.in(1), "indices");
}

void append(std::vector<Dim>& dims, const std::vector<Dim>& from, size_t first, size_t last) {
  dims.insert(dims.end(), from.begin() + static_cast<ptrdiff_t>(first), from.begin() + static_cast<ptrdiff_t>(last));
}

Result<void> infer_gather(InferContext& c) {
  VERGE_CHECK(need_indices(c));
  VERGE_TRY(const int axis, axis_of(c.node.integer("axis"), c.in(0).rank()));
  c.out[0].dtype = output_dtype(c);
  c.out[0].ranked = true;
  append(c.out[0].dims, c.in(0).dims, 0, static_cast<size_t>(axis));
  append(c.out[0].dims, c.in(1).dims, 0, c.in(1).dims.size());
  append(c.out[0].dims, c.in(0).dims, static_cast<size_t>(axis) + 1, c.in(0).dims.size());
  return done();
}

Result<void> infer_elements(InferContext& c) {
  VERGE_CHECK(need_indices(c));
  VERGE_TRY(const int axis, axis_of(c.node.integer("axis"), c.in(0).rank()));
  if (c.in(0).rank() != c.in(1).rank()) return invalid("indices " + c.in(1).text() + " have another rank than " + c.in(0).text());
  for (int d = 0; d < c.in(0).rank(); ++d) {
    const Dim &x = c.in(0).dims[static_cast<size_t>(d)], &i = c.in(1).dims[static_cast<size_t>(d)];
    if (d != axis && x.known() && i.known() && i.size > x.size) return invalid("indices " + c.in(1).text() + " reach beyond " + c.in(0).text());
  }
  c.out[0].dtype = output_dtype(c);
  c.out[0].ranked = true;
  c.out[0].dims = c.in(1).dims;
  return done();
}

Result<void> infer_nd(InferContext& c) {
  VERGE_CHECK(need_indices(c));
  const std::vector<Dim>&x = c.in(0).dims, &i = c.in(1).dims;
  const auto batch = static_cast<size_t>(c.node.integer("batch_dims"));
  if (i.empty() || batch >= i.size()) return invalid("indices " + c.in(1).text() + " with batch_dims " + std::to_string(c.node.integer("batch_dims")));
  c.out[0].dtype = output_dtype(c);
  if (!i.back().known()) return done();
  if (batch + static_cast<size_t>(i.back().size) > x.size()) return invalid("indices " + c.in(1).text() + " name more axes than " + c.in(0).text() + " has");
  c.out[0].ranked = true;
  append(c.out[0].dims, i, 0, i.size() - 1);
  append(c.out[0].dims, x, batch + static_cast<size_t>(i.back().size), x.size());
  return done();
}

QuantRule quant(const Graph&, const Node&) { return {.kind = QuantRule::Kind::kPassThrough}; }

// The index within [0, size), or -1.
int64_t resolved(int64_t index, int64_t size) {
  if (index < 0) index += size;
  return index >= 0 && index < size ? index : -1;
}

// move_elements with an error where from() is negative.
template <typename From> Result<void> move_named(ReferenceContext& c, const From& from) {
  VERGE_TRY(const Tensor x, moved_tensor(c.node, c.in[0], c.out[0]));
  int64_t outside = -1;
  VERGE_CHECK(move_elements(x, c.out[0], [&](int64_t i) {
    const int64_t at = from(i);
    if (at < 0) outside = i;
    return at;
  }));
  if (outside >= 0) return invalid("the index for output element " + std::to_string(outside) + " lies outside the input");
  return done();
}

Result<void> reference_gather(ReferenceContext& c) {
  const Shape x = c.in[0].shape(), i = c.in[1].shape();
  VERGE_TRY(const int axis, axis_of(c.node.integer("axis"), x.rank));
  const std::vector<int64_t> indices = c.in[1].to_ints();
  return move_named(c, [&](int64_t o) -> int64_t {
    const Coordinates at = coordinates_of(c.out[0].shape(), o);
    const Coordinates named(at.begin() + axis, at.begin() + axis + i.rank);
    Coordinates from(at.begin(), at.begin() + axis);
    from.push_back(resolved(indices[index_of(i, named)], x[axis]));
    from.insert(from.end(), at.begin() + axis + i.rank, at.end());
    return from[static_cast<size_t>(axis)] < 0 ? -1 : index_of(x, from);
  });
}

Result<void> reference_elements(ReferenceContext& c) {
  const Shape x = c.in[0].shape();
  VERGE_TRY(const int axis, axis_of(c.node.integer("axis"), x.rank));
  const std::vector<int64_t> indices = c.in[1].to_ints();
  return move_named(c, [&](int64_t o) -> int64_t {
    Coordinates at = coordinates_of(c.out[0].shape(), o);
    at[static_cast<size_t>(axis)] = resolved(indices[o], x[axis]);
    return at[static_cast<size_t>(axis)] < 0 ? -1 : index_of(x, at);
  });
}

Result<void> reference_nd(ReferenceContext& c) {
  const Shape x = c.in[0].shape(), i = c.in[1].shape();
  const int batch = static_cast<int>(c.node.integer("batch_dims")), k = i.back(0);
  const std::vector<int64_t> indices = c.in[1].to_ints();
  return move_named(c, [&](int64_t o) -> int64_t {
    const Coordinates at = coordinates_of(c.out[0].shape(), o);
    Coordinates tuple(at.begin(), at.begin() + i.rank - 1), from(at.begin(), at.begin() + batch);
    tuple.push_back(0);
    for (; tuple.back() < k; ++tuple.back()) {
      from.push_back(resolved(indices[index_of(i, tuple)], x[static_cast<int>(from.size())]));
      if (from.back() < 0) return -1;
    }
    from.insert(from.end(), at.begin() + i.rank - 1, at.end());
    return index_of(x, from);
  });
}

template <typename A> Result<void> emit(const Node& node, Emitter& emitter, exec::Op op, const A& attrs) {
  if (dtype_bits(emitter.graph().type(node.output()).dtype) < 8) return unsupported(node.op + " of a packed type");
  VERGE_TRY(const TensorRef x, moved_input(emitter, node));
  emitter.emit(op, {x, emitter.tensor(node.input(1))}, {emitter.tensor(node.output())}, attrs);
  return done();
}

Result<void> lower_gather(const Node& node, Emitter& emitter) {
  VERGE_TRY(const int axis, axis_of(node.integer("axis"), emitter.graph().type(node.input(0)).rank()));
  return emit(node, emitter, exec::Op::gather, exec::GatherAttrs{axis});
}

Result<void> lower_elements(const Node& node, Emitter& emitter) {
  VERGE_TRY(const int axis, axis_of(node.integer("axis"), emitter.graph().type(node.input(0)).rank()));
  return emit(node, emitter, exec::Op::gather_elements, exec::GatherElementsAttrs{axis});
}

Result<void> lower_nd(const Node& node, Emitter& emitter) {
  return emit(node, emitter, exec::Op::gather_nd, exec::GatherNdAttrs{static_cast<int32_t>(node.integer("batch_dims"))});
}

}  // namespace

VERGE_OP_METHODS(gather) = {.infer = infer_gather, .cost = movement_cost, .reference = reference_gather, .quant = quant, .lower = lower_gather};
VERGE_OP_METHODS(gather_elements) = {.infer = infer_elements, .cost = movement_cost, .reference = reference_elements, .quant = quant, .lower = lower_elements};
VERGE_OP_METHODS(gather_nd) = {.infer = infer_nd, .cost = movement_cost, .reference = reference_nd, .quant = quant, .lower = lower_nd};

}  // namespace verge::ops
