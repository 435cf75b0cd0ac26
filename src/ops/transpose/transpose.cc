#include "ops/transpose/transpose.h"

#include <algorithm>

#include "core/text.h"
#include "ops/quantize/requantize.h"
#include "ops/reference_tools.h"
#include "ops/shape_rules.h"
#include "ops/transpose/transpose_attrs.h"

namespace verge::ops {
namespace {

Result<std::vector<int>> permutation(const Node& node, int rank) {
  std::vector<int64_t> given = node.integers("perm");
  if (given.empty())
    for (int d = rank - 1; d >= 0; --d) given.push_back(d);
  std::vector<int> perm;
  for (int64_t axis : given) {
    VERGE_TRY(const int a, axis_of(axis, rank));
    perm.push_back(a);
  }
  std::vector<int> sorted = perm;
  std::sort(sorted.begin(), sorted.end());
  const bool each_once = std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end() && static_cast<int>(perm.size()) == rank;
  if (!each_once) return invalid("perm " + bracketed(given) + " does not name each of " + std::to_string(rank) + " axes once");
  return perm;
}

// Per-channel parameters follow their axis.
QuantParams moved_quant(QuantParams quant, const std::vector<int>& perm) {
  if (quant.per_channel()) quant.axis = static_cast<int32_t>(std::find(perm.begin(), perm.end(), quant.axis) - perm.begin());
  return quant;
}

Result<void> infer(InferContext& c) {
  VERGE_CHECK(need_rank(c.in(0), "input"));
  VERGE_TRY(const std::vector<int> perm, permutation(c.node, c.in(0).rank()));
  c.out[0].dtype = output_dtype(c);
  c.out[0].ranked = true;
  for (int axis : perm) c.out[0].dims.push_back(c.in(0).dims[static_cast<size_t>(axis)]);
  if (c.in(0).quant.per_channel()) c.out[0].quant = moved_quant(c.in(0).quant, perm);
  return done();
}

QuantRule quant(const Graph&, const Node&) { return {.kind = QuantRule::Kind::kPassThrough}; }

Result<void> lower(const Node& node, Emitter& emitter) {
  const TensorType &x = emitter.graph().type(node.input(0)), &y = emitter.graph().type(node.output());
  VERGE_TRY(const std::vector<int> perm, permutation(node, x.rank()));
  if (x.dtype == y.dtype && x.quant == y.quant && keeps_order(x.shape(), perm)) return emitter.alias(node.output(), node.input(0));
  VERGE_TRY(const TensorRef in, moved_input(emitter, node));
  if (dtype_bits(y.dtype) < 8) return unsupported(std::string("transpose of packed ") + dtype_name(y.dtype));
  emit_transpose(emitter, in, x.shape(), perm, emitter.tensor(node.output()));
  return done();
}

}  // namespace

Result<void> reference_transpose(ReferenceContext& c) {
  VERGE_TRY(const std::vector<int> perm, permutation(c.node, c.in[0].shape().rank));
  VERGE_TRY(const Tensor x, moved_tensor(c.node, c.in[0], c.out[0]));
  return move_elements(x, c.out[0], [&](int64_t i) {
    const Coordinates to = coordinates_of(c.out[0].shape(), i);
    Coordinates from(to.size());
    for (size_t d = 0; d < to.size(); ++d) from[static_cast<size_t>(perm[d])] = to[d];
    return index_of(x.shape(), from);
  });
}

Shape permuted(const Shape& shape, const std::vector<int>& perm) {
  Shape out;
  for (int axis : perm) out.dim[out.rank++] = shape[axis];
  return out;
}

std::vector<int> inverse(const std::vector<int>& perm) {
  std::vector<int> out(perm.size());
  for (size_t d = 0; d < perm.size(); ++d) out[static_cast<size_t>(perm[d])] = static_cast<int>(d);
  return out;
}

bool keeps_order(const Shape& shape, const std::vector<int>& perm) {
  int last = -1;
  for (int axis : perm) {
    if (shape[axis] == 1) continue;
    if (axis < last) return false;
    last = axis;
  }
  return true;
}

void emit_transpose(Emitter& emitter, TensorRef in, const Shape& shape, const std::vector<int>& perm, TensorRef out) {
  exec::TransposeAttrs attrs;
  attrs.rank = shape.rank;
  std::copy(shape.dim, shape.dim + shape.rank, attrs.dim);
  std::copy(perm.begin(), perm.end(), attrs.perm);
  emitter.emit(exec::Op::transpose, {in}, {out}, attrs);
}

VERGE_OP_METHODS(transpose) = {.infer = infer, .cost = movement_cost, .reference = reference_transpose, .quant = quant, .lower = lower};

}  // namespace verge::ops
