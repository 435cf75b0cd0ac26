#include "ops/gradient.h"

namespace verge::ops {
namespace {

ValueId sum_along(GradientContext& c, ValueId value) {
  return c.add("reduce_sum", {value}, {{"axes", std::vector<int64_t>{c.node.integer("axis", -1)}}, {"keepdims", int64_t{1}}});
}

}  // namespace

// y (dy - sum of dy y)
void softmax_gradient(GradientContext& c) {
  const ValueId d = c.mul(c.out(), c.add("sub", {c.dy(), sum_along(c, c.mul(c.dy(), c.out()))}));
  const double beta = c.node.real("beta", 1);
  c.give(0, beta == 1 ? d : c.mul(d, beta));
}

// dy - e^y sum of dy
void log_softmax_gradient(GradientContext& c) { c.give(0, c.add("sub", {c.dy(), c.mul(c.add("exp", {c.out()}), sum_along(c, c.dy()))})); }

}  // namespace verge::ops
