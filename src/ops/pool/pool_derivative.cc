#include "ops/gradient.h"

namespace verge::ops {

void pool_gradient(GradientContext& c) {
  const ValueId dy = c.through_clamp();
  Attrs attrs = c.node.attrs;
  attrs.erase("clamp_min"), attrs.erase("clamp_max");
  if (c.node.op == "max_pool") return c.give(0, c.add("max_pool_gradient", {c.in(0), dy}, std::move(attrs)));
  const Shape x = c.shape(c.in(0));
  attrs["shape"] = std::vector<int64_t>(x.dim, x.dim + x.rank);
  c.give(0, c.add("avg_pool_gradient", {dy}, std::move(attrs)));
}

}  // namespace verge::ops
