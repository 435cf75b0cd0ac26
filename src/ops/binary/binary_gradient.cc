#include "ops/gradient.h"

namespace verge::ops {
namespace {

// What flows to an operand of dy's shape, summed where the operand was broadcast.
void give(GradientContext& c, size_t input, ValueId gradient) { c.give(input, c.reduce_to(gradient, c.shape(c.in(input)))); }

}  // namespace

void add_gradient(GradientContext& c) {
  const ValueId dy = c.through_clamp();
  for (size_t i = 0; i < 2; ++i)
    if (c.wants(i)) give(c, i, dy);
}

void sub_gradient(GradientContext& c) {
  const ValueId dy = c.through_clamp();
  if (c.wants(0)) give(c, 0, dy);
  if (c.wants(1)) give(c, 1, c.add("neg", {dy}));
}

void mul_gradient(GradientContext& c) {
  const ValueId dy = c.through_clamp();
  if (c.wants(0)) give(c, 0, c.mul(dy, c.in(1)));
  if (c.wants(1)) give(c, 1, c.mul(dy, c.in(0)));
}

void div_gradient(GradientContext& c) {
  const ValueId dy = c.through_clamp(), da = c.add("div", {dy, c.in(1)});
  if (c.wants(0)) give(c, 0, da);
  if (c.wants(1)) give(c, 1, c.add("neg", {c.mul(da, c.add("div", {c.in(0), c.in(1)}))}));
}

// To the one that was taken; to the first of equals.
void extreme_gradient(GradientContext& c) {
  const ValueId dy = c.through_clamp(), zero = c.number(0);
  const ValueId first = c.add(c.node.op == "maximum" ? "greater_equal" : "less_equal", {c.in(0), c.in(1)});
  if (c.wants(0)) give(c, 0, c.add("where", {first, dy, zero}));
  if (c.wants(1)) give(c, 1, c.add("where", {first, zero, dy}));
}

void squared_difference_gradient(GradientContext& c) {
  const ValueId d = c.mul(c.mul(c.through_clamp(), c.add("sub", {c.in(0), c.in(1)})), 2);
  if (c.wants(0)) give(c, 0, d);
  if (c.wants(1)) give(c, 1, c.add("neg", {d}));
}

void prelu_gradient(GradientContext& c) {
  const ValueId positive = c.add("greater", {c.in(0), c.number(0)});
  if (c.wants(0)) give(c, 0, c.mul(c.dy(), c.add("where", {positive, c.number(1), c.in(1)})));
  if (c.wants(1)) give(c, 1, c.mul(c.dy(), c.add("where", {positive, c.number(0), c.in(0)})));
}

void where_gradient(GradientContext& c) {
  if (c.wants(1)) give(c, 1, c.add("where", {c.in(0), c.dy(), c.number(0)}));
  if (c.wants(2)) give(c, 2, c.add("where", {c.in(0), c.number(0), c.dy()}));
}

}  // namespace verge::ops
