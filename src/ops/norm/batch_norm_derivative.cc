#include "ops/gradient.h"

namespace verge::ops {

void batch_norm_gradient(GradientContext& c) {
  const std::vector<ValueId> d = c.add_many("batch_norm_gradient", {c.in(0), c.dy(), c.in(1), c.in(2), c.out(1), c.out(2)}, c.node.attrs, 3);
  for (size_t i = 0; i < 3; ++i) c.give(i, d[i]);
}

}  // namespace verge::ops
