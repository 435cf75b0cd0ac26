#include "ops/matmul/matmul.h"

#include <algorithm>

#include "ops/shape_rules.h"
#include "ops/traffic.h"

namespace verge::ops {
namespace {

bool transposed(const Node& node) { return node.integer("trans_b") != 0; }

// The dimension of b that the sum runs over, and the one that remains.
const Dim& inner_of(const Node& node, const TensorType& b) { return b.dims[b.dims.size() - (b.rank() > 1 && !transposed(node) ? 2 : 1)]; }
const Dim& outer_of(const Node& node, const TensorType& b) { return b.dims[b.dims.size() - (transposed(node) ? 2 : 1)]; }

std::vector<Dim> leading(const TensorType& type) { return {type.dims.begin(), type.dims.end() - std::min(type.rank(), 2)}; }

Result<void> infer(InferContext& c) {
  const TensorType &a = c.in(0), &b = c.in(1);
  TensorType& y = c.out[0];
  y.dtype = output_dtype(c);
  if (!a.ranked || !b.ranked) return done();
  if (a.rank() < 1 || b.rank() < 1) return invalid("inputs are " + a.text() + " and " + b.text() + ", want rank 1 or more");
  const Dim &k = a.dims.back(), &inner = inner_of(c.node, b);
  if (k.known() && inner.known() && k.size != inner.size) return invalid("inputs " + a.text() + " and " + b.text() + " differ in the dimension that the sum runs over");
  VERGE_TRY(y.dims, broadcast_dims(leading(a), leading(b)));
  if (a.rank() > 1) y.dims.push_back(a.dims[a.dims.size() - 2]);
  if (b.rank() > 1) y.dims.push_back(outer_of(c.node, b));
  y.ranked = true;
  return done();
}

Cost cost(const Graph& graph, const Node& node) {
  const TensorType &a = graph.type(node.input(0)), &y = graph.type(node.output());
  if (!a.is_static() || !y.is_static()) return {};
  Cost cost = traffic(graph, node);
  cost.macs = y.shape().count() * a.shape().back(0);
  return cost;
}

// Matrices from one index of each leading dimension of `batch` to the next in a tensor whose own leading dimensions are the first `rank` of `shape`.
void steps_of(const Shape& batch, const Shape& shape, int rank, int32_t* step) {
  int32_t matrices = 1;
  for (int i = 0; i < batch.rank; ++i) {  // from the last
    const int32_t size = i < rank ? shape[rank - 1 - i] : 1;
    step[batch.rank - 1 - i] = size == 1 ? 0 : matrices;
    matrices *= size;
  }
}

QuantRule quant(const Graph&, const Node&) { return {.kind = QuantRule::Kind::kCompute}; }

}  // namespace

MatmulPlan matmul_plan(const Node& node, const Shape& a, const Shape& b) {
  MatmulPlan plan;
  const int a_rank = std::max(a.rank - 2, 0), b_rank = std::max(b.rank - 2, 0);
  plan.k = a.back(0);
  plan.m = a.rank > 1 ? a.back(1) : 1;
  plan.n = b.rank > 1 ? b.back(transposed(node) ? 1 : 0) : 1;
  plan.batch.rank = std::max(a_rank, b_rank);
  for (int i = 0; i < plan.batch.rank; ++i) {
    const int32_t p = i < a_rank ? a[a_rank - 1 - i] : 1, q = i < b_rank ? b[b_rank - 1 - i] : 1;
    plan.batch[plan.batch.rank - 1 - i] = p == 1 ? q : p;
  }
  steps_of(plan.batch, a, a_rank, plan.a_step);
  steps_of(plan.batch, b, b_rank, plan.b_step);
  plan.b_matrices = b.count(0, b_rank);
  return plan;
}

VERGE_OP_METHODS(matmul) = {.infer = infer, .cost = cost, .reference = reference_matmul, .quant = quant, .lower = lower_matmul};

}  // namespace verge::ops
