// Matrix products and table look-ups.
#include "core/text.h"
#include "formats/tflite/builtins.h"

namespace verge::formats::tflite::builtins {
namespace {

// The last two dimensions exchanged.
Result<ValueId> transposed(Op& op, ValueId x) {
  const int64_t rank = op.type(x).rank();
  if (rank < 2) return corrupt("a matrix is " + op.type(x).text() + ", wants rank 2 or more");
  std::vector<int64_t> perm;
  for (int64_t i = 0; i < rank; ++i) perm.push_back(i < rank - 2 ? i : 2 * rank - 3 - i);
  return op.add("transpose", {x}, {{"perm", std::move(perm)}});
}

// x as a matrix with rows of `k`, the way FULLY_CONNECTED reads a tensor of any rank.
Result<ValueId> as_rows(Op& op, const Dim& k) {
  const TensorType x = op.type(size_t{0});
  if (x.ranked && x.rank() == 2) return op.in(0);
  VERGE_TRY(Attrs attrs, op.shape_attr({Dim(), k}));
  return op.add("reshape", {op.in(0)}, std::move(attrs));
}

}  // namespace

Result<void> fully_connected(Op& op) {
  VERGE_TRY(const auto* o, op.options<schema::FullyConnectedOptions>());
  if (o->weights_format() != schema::FullyConnectedOptionsWeightsFormat::DEFAULT)
    return op.refuse("its weights are shuffled for one mobile kernel", "convert without shuffled weights");
  const bool dynamic = op.is_dynamic(1, 0);
  VERGE_TRY(const ValueId w, dynamic ? Result<ValueId>(op.in(1)) : op.weights(1));
  const TensorType weights = op.type(w);
  if (!weights.ranked || weights.rank() != 2 || !weights.dims[1].known()) return corrupt("weights are " + weights.text() + ", want rank 2");
  ValueId x = op.in(0);
  if (!o->keep_num_dims()) {
    VERGE_TRY(x, as_rows(op, weights.dims[1]));
  }
  std::vector<ValueId> inputs{x, w};
  if (op.has(2)) inputs.push_back(op.in(2));
  if (!dynamic) return op.result_activated(op.core(), std::move(inputs), {}, o->fused_activation_function());
  return op.result_activated("dynamic_dense", std::move(inputs), {{"symmetric", int64_t{!o->asymmetric_quantize_inputs()}}}, o->fused_activation_function());
}

Result<void> batch_matmul(Op& op) {
  VERGE_TRY(const auto* o, op.options<schema::BatchMatMulOptions>());
  ValueId a = op.in(0);
  VERGE_TRY(const ValueId b, op.weights(1));
  if (o->adj_x()) {
    VERGE_TRY(a, transposed(op, a));
  }
  const Tensor* constant = op.constant(b);
  if (op.type(a).quantized() && op.output_type().quantized() && constant && constant->shape().rank == 2) {
    VERGE_TRY(const ValueId weights, o->adj_y() ? Result<ValueId>(b) : op.add_constant(permuted(*constant, {1, 0})));
    return op.result("dense", {a, weights});
  }
  return op.result(op.core(), {a, b}, {{"trans_b", int64_t{o->adj_y()}}});
}

// inputs: row numbers, table.
Result<void> embedding_lookup(Op& op) {
  if (!op.output_type().quantized() && op.constant(1) && !op.type(1).quant.empty()) {
    VERGE_CHECK(op.charge(static_cast<size_t>(op.constant(1)->count()) * sizeof(float)));
    VERGE_TRY(const ValueId table, op.add_constant(dequantized(*op.constant(1))));
    return op.result(op.core(), {table, op.in(0)}, {{"axis", int64_t{0}}});
  }
  return op.result(op.core(), {op.in(1), op.in(0)}, {{"axis", int64_t{0}}});
}

}  // namespace verge::formats::tflite::builtins
