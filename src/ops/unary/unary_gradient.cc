// Slopes of the pointwise functions, from values that are at hand: x, and y = f(x) where it is cheaper.
#include <limits>

#include "ops/gradient.h"
#include "ops/unary/unary.h"

namespace verge::ops {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

void give(GradientContext& c, ValueId slope) { c.give(0, c.mul(c.dy(), slope)); }
ValueId one_minus(GradientContext& c, ValueId v) { return c.add("sub", {c.number(1), v}); }

void give_inside(GradientContext& c, ValueId value, ValueId dy, double low, double high) {
  c.give(0, c.add("clamp_gradient", {value, dy}, {{"clamp_min", low}, {"clamp_max", high}}));
}

// 1 where x > 0, else `below`.
ValueId step(GradientContext& c, ValueId below) {
  const ValueId positive = c.add("greater", {c.in(0), c.number(0)});
  return c.add("where", {positive, c.number(1), below});
}

}  // namespace

void relu_gradient(GradientContext& c) { give_inside(c, c.out(), c.dy(), 0, kInfinity); }

// Taken as 1 where the node says so (Bengio et al. 2013): a rounding's own slope is 0 nearly everywhere.
void round_gradient(GradientContext& c) {
  if (c.node.integer("straight_through") == 0) c.fail(unsupported("no derivative of this operator; keep it out of the way from the parameters to the loss"));
  c.give(0, c.dy());
}

void clamp_gradient(GradientContext& c) {
  const UnaryValue f = unary_value(c.node);
  give_inside(c, c.out(), c.dy(), f.a, f.b);
}

void sigmoid_gradient(GradientContext& c) { give(c, c.mul(c.out(), one_minus(c, c.out()))); }
void tanh_gradient(GradientContext& c) { give(c, one_minus(c, c.add("square", {c.out()}))); }

// x (x + 3) / 6 between -3 and 3: slope (2 x + 3) / 6, 0 below, 1 above.
void hswish_gradient(GradientContext& c) {
  const ValueId inner = c.add("add", {c.mul(c.in(0), 1.0 / 3), c.number(0.5)});
  const ValueId above = c.add("where", {c.add("less", {c.in(0), c.number(3)}), inner, c.number(1)});
  give(c, c.add("where", {c.add("greater", {c.in(0), c.number(-3)}), above, c.number(0)}));
}

void hsigmoid_gradient(GradientContext& c) { give_inside(c, c.out(), c.mul(c.dy(), unary_value(c.node).a), 0, 1); }

// x s: slope s + y (1 - s).
void silu_gradient(GradientContext& c) {
  const ValueId s = c.add("sigmoid", {c.in(0)});
  give(c, c.add("add", {s, c.mul(c.out(), one_minus(c, s))}));
}

// x phi(x), phi the normal distribution function: slope phi(x) + x e^(-x^2 / 2) / sqrt(2 pi). With tanh: h = (1 + tanh u) / 2, slope h + x (1 - tanh^2 u) u' / 2.
void gelu_gradient(GradientContext& c) {
  const ValueId x = c.in(0), squared = c.add("square", {x});
  if (c.node.text("approximate", "none") == "tanh") {
    const ValueId u = c.mul(c.mul(x, c.add("add", {c.mul(squared, 0.044715), c.number(1)})), 0.79788456080286536);
    const ValueId t = c.add("tanh", {u}), rate = c.mul(c.add("add", {c.mul(squared, 3 * 0.044715), c.number(1)}), 0.79788456080286536);
    const ValueId half = c.mul(c.add("add", {t, c.number(1)}), 0.5);
    return give(c, c.add("add", {half, c.mul(c.mul(x, one_minus(c, c.add("square", {t}))), c.mul(rate, 0.5))}));
  }
  const ValueId phi = c.mul(c.add("add", {c.add("erf", {c.mul(x, 0.70710678118654752)}), c.number(1)}), 0.5);
  const ValueId density = c.mul(c.add("exp", {c.mul(squared, -0.5)}), 0.39894228040143268);
  give(c, c.add("add", {phi, c.mul(x, density)}));
}

void elu_gradient(GradientContext& c) { give(c, step(c, c.add("add", {c.out(), c.number(unary_value(c.node).a)}))); }
void leaky_relu_gradient(GradientContext& c) { give(c, step(c, c.number(unary_value(c.node).a))); }
void softplus_gradient(GradientContext& c) { give(c, c.add("sigmoid", {c.in(0)})); }
void exp_gradient(GradientContext& c) { give(c, c.out()); }
void log_gradient(GradientContext& c) { c.give(0, c.add("div", {c.dy(), c.in(0)})); }
void sqrt_gradient(GradientContext& c) { c.give(0, c.add("div", {c.mul(c.dy(), 0.5), c.out()})); }
void rsqrt_gradient(GradientContext& c) { give(c, c.mul(c.mul(c.out(), c.add("square", {c.out()})), -0.5)); }
void neg_gradient(GradientContext& c) { c.give(0, c.add("neg", {c.dy()})); }
void abs_gradient(GradientContext& c) { give(c, c.add("sign", {c.in(0)})); }
void square_gradient(GradientContext& c) { give(c, c.mul(c.in(0), 2)); }
void reciprocal_gradient(GradientContext& c) { give(c, c.add("neg", {c.add("square", {c.out()})})); }
void sin_gradient(GradientContext& c) { give(c, c.add("cos", {c.in(0)})); }
void cos_gradient(GradientContext& c) { give(c, c.add("neg", {c.add("sin", {c.in(0)})})); }
void erf_gradient(GradientContext& c) { give(c, c.mul(c.add("exp", {c.add("neg", {c.add("square", {c.in(0)})})}), 1.1283791670955126)); }

}  // namespace verge::ops
