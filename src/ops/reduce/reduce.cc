#include "ops/reduce/reduce.h"

#include <algorithm>

#include "core/text.h"
#include "kernels/reduce_i8/reduce_i8.h"
#include "kernels/requant/scales.h"
#include "ops/quantize/requantize.h"
#include "ops/product_bf16.h"
#include "ops/quantized.h"
#include "ops/reduce/reduce_attrs.h"
#include "ops/shape_rules.h"
#include "ops/transpose/transpose.h"

namespace verge::ops {
namespace {

constexpr std::pair<const char*, ReduceF32> kFunctions[] = {
    {"reduce_sum", ReduceF32::kSum},   {"reduce_mean", ReduceF32::kMean}, {"reduce_max", ReduceF32::kMax},
    {"reduce_min", ReduceF32::kMin},   {"reduce_prod", ReduceF32::kProd}, {"reduce_sum_square", ReduceF32::kSumSquare},
    {"reduce_l1", ReduceF32::kL1},     {"reduce_l2", ReduceF32::kL2},     {"reduce_log_sum", ReduceF32::kLogSum},
    {"reduce_log_sum_exp", ReduceF32::kLogSumExp}};

bool has(const std::vector<int>& axes, int axis) { return std::find(axes.begin(), axes.end(), axis) != axes.end(); }

Result<void> infer(InferContext& c) {
  c.out[0].dtype = output_dtype(c);
  if (!c.in(0).ranked) return done();
  VERGE_TRY(const std::vector<int> axes, reduced_axes(c.node, c.in(0).rank()));
  c.out[0].ranked = true;
  c.out[0].dims = reduced_dims(c.in(0).dims, axes, c.node.integer("keepdims", 1) != 0);
  return done();
}

Cost cost(const Graph& graph, const Node& node) {
  Cost cost{.activation_bytes = moved_bytes(graph, node)};
  if (graph.type(node.input(0)).is_static()) cost.operations = graph.type(node.input(0)).shape().count();
  return cost;
}

QuantRule quant(const Graph&, const Node& node) {
  switch (reduce_function(node)) {
    case ReduceF32::kMean:
    case ReduceF32::kSum: return {.kind = QuantRule::Kind::kCompute};
    case ReduceF32::kMax:
    case ReduceF32::kMin: return {.kind = QuantRule::Kind::kPassThrough};
    default: return {};
  }
}

// The axes as one range that holds no other dimension but ones; absent when there are others between them.
std::optional<std::pair<int, int>> as_range(const Shape& x, const std::vector<int>& axes) {
  if (axes.empty()) return std::pair{0, 0};
  for (int d = axes.front(); d <= axes.back(); ++d)
    if (!has(axes, d) && x[d] != 1) return std::nullopt;
  return std::pair{axes.front(), axes.back() + 1};
}

struct Range {
  TensorRef in;
  int first, last;
};

// The input with the reduced axes side by side: itself, or transposed so that they come last.
Range side_by_side(const Node& node, Emitter& emitter, const std::vector<int>& axes) {
  const TensorType& x = emitter.graph().type(node.input(0));
  const TensorRef in = emitter.tensor(node.input(0));
  if (const auto range = as_range(x.shape(), axes)) return {in, range->first, range->second};
  std::vector<int> perm;
  for (int d = 0; d < x.rank(); ++d)
    if (!has(axes, d)) perm.push_back(d);
  const auto first = static_cast<int>(perm.size());
  perm.insert(perm.end(), axes.begin(), axes.end());
  const TensorRef moved = emitter.temporary(x.dtype, permuted(x.shape(), perm), x.quant);
  emit_transpose(emitter, in, x.shape(), perm, moved);
  return {moved, first, x.rank()};
}

Result<ReduceI8Op> quantized_function(const Node& node) {
  switch (reduce_function(node)) {
    case ReduceF32::kMean: return ReduceI8Op::kMean;
    case ReduceF32::kSum: return ReduceI8Op::kSum;
    case ReduceF32::kMax: return ReduceI8Op::kMax;
    case ReduceF32::kMin: return ReduceI8Op::kMin;
    default: return unsupported("quantised " + node.op + " has no integer rule: keep it float between dequantize and quantize");
  }
}

Result<void> lower_quantized(const Node& node, Emitter& emitter, const std::vector<int>& axes) {
  const TensorType &in = emitter.graph().type(node.input(0)), &out = emitter.graph().type(node.output());
  VERGE_TRY(const AffineType x, affine_type(in, "input"));
  VERGE_TRY(const AffineType y, affine_type(out, "output"));
  VERGE_TRY(const RequantMode mode, requant_mode(node));
  VERGE_TRY(const ReduceI8Op function, quantized_function(node));
  if (dtype_bits(x.dtype) != 8 || y.dtype != x.dtype) return unsupported("quantised " + node.op + " from " + in.text() + " to " + out.text() + ": runs on i8 or u8");
  exec::ReduceI8Attrs attrs{static_cast<uint32_t>(function), static_cast<uint32_t>(mode)};
  for (int axis : axes) attrs.axes |= 1u << axis;
  const Multiplier m = ratio_multiplier(x.scale, y.scale);
  attrs.multiplier = m.multiplier, attrs.shift = m.shift;
  const bool rescales_after = (function == ReduceI8Op::kMax || function == ReduceI8Op::kMin) && x != y;
  const TensorRef result = rescales_after ? emitter.temporary(x.dtype, out.shape(), in.quant) : emitter.tensor(node.output());
  emitter.emit(exec::Op::reduce_i8, {emitter.tensor(node.input(0))}, {result}, attrs);
  if (rescales_after) emit_requantize(emitter, result, emitter.tensor(node.output()), Requantizer(x, y, mode), node.name);
  return done();
}

Result<void> lower(const Node& node, Emitter& emitter) {
  const TensorType &x = emitter.graph().type(node.input(0)), &y = emitter.graph().type(node.output());
  VERGE_TRY(const std::vector<int> axes, reduced_axes(node, x.rank()));
  if (x.quantized() && y.quantized()) return lower_quantized(node, emitter, axes);
  const ReduceF32 function = reduce_function(node);
  const bool integers = is_integer(x.dtype) && !x.quantized() && reduces_integers(function);
  if (integers ? x.dtype != y.dtype : !is_real(x.dtype) || !is_real(y.dtype)) return unsupported(node.op + " of " + x.text() + " to " + y.text() + ": cast first");
  const Range r = side_by_side(node, emitter, axes);
  const TensorRef out = emitter.tensor(node.output());
  if (integers) emitter.emit(exec::Op::reduce_int, {r.in}, {out}, exec::ReduceIntAttrs{static_cast<uint32_t>(function), r.first, r.last});
  else emitter.emit(exec::Op::reduce_f32, {r.in}, {out}, exec::ReduceF32Attrs{static_cast<uint32_t>(function), r.first, r.last});
  return done();
}

constexpr OpMethods kMethods{.infer = infer, .cost = cost, .reference = reference_reduce, .quant = quant, .lower = lower};

}  // namespace

ReduceF32 reduce_function(const Node& node) {
  return std::find_if(std::begin(kFunctions), std::end(kFunctions), [&](const auto& f) { return node.op == f.first; })->second;
}

bool reduces_integers(ReduceF32 f) { return f != ReduceF32::kL2 && f != ReduceF32::kLogSum && f != ReduceF32::kLogSumExp; }

Result<std::vector<int>> reduced_axes(const Node& node, int rank) { return axes_of(node.integers("axes"), rank); }

std::vector<Dim> reduced_dims(const std::vector<Dim>& dims, const std::vector<int>& axes, bool keep) {
  std::vector<Dim> out;
  for (int d = 0; d < static_cast<int>(dims.size()); ++d) {
    if (!has(axes, d)) out.push_back(dims[static_cast<size_t>(d)]);
    else if (keep) out.emplace_back(1);
  }
  return out;
}

VERGE_OP_METHODS(reduce_sum) = kMethods;
VERGE_OP_METHODS(reduce_mean) = kMethods;
VERGE_OP_METHODS(reduce_max) = kMethods;
VERGE_OP_METHODS(reduce_min) = kMethods;
VERGE_OP_METHODS(reduce_prod) = kMethods;
VERGE_OP_METHODS(reduce_l1) = kMethods;
VERGE_OP_METHODS(reduce_l2) = kMethods;
VERGE_OP_METHODS(reduce_sum_square) = kMethods;
VERGE_OP_METHODS(reduce_log_sum) = kMethods;
VERGE_OP_METHODS(reduce_log_sum_exp) = kMethods;

}  // namespace verge::ops
