#include "ops/gradient.h"

namespace verge::ops {
namespace {

ValueId transposed(GradientContext& c, ValueId value) {
  std::vector<int64_t> perm;
  for (int d = 0; d < c.shape(value).rank; ++d) perm.push_back(d);
  std::swap(perm[perm.size() - 1], perm[perm.size() - 2]);
  return c.add("transpose", {value}, {{"perm", perm}});
}

}  // namespace

// y = a b: da = dy b^T, db = a^T dy; with b^T given instead of b: da = dy b, db = dy^T a.
void matmul_gradient(GradientContext& c) {
  if (c.shape(c.in(0)).rank < 2 || c.shape(c.in(1)).rank < 2) return c.fail(unsupported("the gradient of a product with a vector; make it a matrix of one row or column"));
  const bool turned = c.node.integer("trans_b") != 0;
  if (c.wants(0)) c.give(0, c.reduce_to(c.add("matmul", {c.dy(), c.in(1)}, {{"trans_b", int64_t{!turned}}}), c.shape(c.in(0))));
  if (!c.wants(1)) return;
  const ValueId db = turned ? c.add("matmul", {transposed(c, c.dy()), c.in(0)}) : c.add("matmul", {transposed(c, c.in(0)), c.dy()});
  c.give(1, c.reduce_to(db, c.shape(c.in(1))));
}

}  // namespace verge::ops
