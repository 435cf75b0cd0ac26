#include "ops/gradient.h"
#include "ops/reduce/reduce.h"

namespace verge::ops {

// dy spread over what was reduced; divided by its number, or times 2 x.
void reduce_gradient(GradientContext& c) {
  const Shape x = c.shape(c.in(0));
  const auto axes = reduced_axes(c.node, x.rank);
  if (!axes.ok()) return c.fail(axes.error());
  Shape kept = x;
  int64_t count = 1;
  for (int axis : *axes) count *= x[axis], kept[axis] = 1;
  ValueId d = c.reshape(c.dy(), kept);
  if (c.node.op == "reduce_mean") d = c.mul(d, 1.0 / static_cast<double>(count));
  if (c.node.op == "reduce_sum_square") return c.give(0, c.mul(c.in(0), c.mul(d, 2)));
  c.give(0, c.add("expand", {d}, {{"shape", std::vector<int64_t>(x.dim, x.dim + x.rank)}}));
}

}  // namespace verge::ops
