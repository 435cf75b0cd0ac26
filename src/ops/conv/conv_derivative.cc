#include "ops/gradient.h"

namespace verge::ops {

void conv_gradient(GradientContext& c) {
  const ValueId dy = c.through_clamp();
  Attrs attrs = c.node.attrs;
  attrs.erase("clamp_min"), attrs.erase("clamp_max");
  if (c.wants(1) || c.wants(2)) {  // first: x has been read then, before dx takes memory
    const Shape w = c.shape(c.in(1));
    Attrs with_kernel = attrs;
    with_kernel["kernel"] = std::vector<int64_t>{w[1], w[2]};
    const std::vector<ValueId> both = c.add_many("conv_weight_gradient", {c.in(0), dy}, std::move(with_kernel), 2);
    c.give(1, both[0]);
    if (c.wants(2)) c.give(2, both[1]);
  }
  if (c.wants(0)) {
    const Shape x = c.shape(c.in(0));
    attrs["shape"] = std::vector<int64_t>(x.dim, x.dim + x.rank);
    c.give(0, c.add("conv_input_gradient", {dy, c.in(1)}, std::move(attrs)));
  }
  if (c.wants(3)) c.give(3, dy);
}

void dense_gradient(GradientContext& c) {
  const ValueId dy = c.through_clamp();
  if (c.wants(1) || c.wants(2)) {
    const std::vector<ValueId> both = c.add_many("dense_weight_gradient", {c.in(0), dy}, {}, 2);
    c.give(1, both[0]);
    if (c.wants(2)) c.give(2, both[1]);
  }
  if (c.wants(0)) c.give(0, c.add("matmul", {dy, c.in(1)}));
}

}  // namespace verge::ops
