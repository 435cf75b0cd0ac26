// A ramp from 0 to 1 is a hard sigmoid.
//
//   a = add x 3
//   b = clamp a {max=6.0, min=0.0}
//   y = div b 6                      ->   y = hsigmoid x {alpha=0.16666666666666666, beta=0.5}
//   out y                                 out y
#include <cmath>

#include "ir/match.h"
#include "passes/product.h"
#include "passes/rules.h"

namespace verge::passes {
namespace {

std::optional<Patch> propose(const Graph& g, const Node& n) {
  const Product product = product_of(g, n);
  if (product.values.size() != 1 || !is_float(g.type(n.output()).dtype)) return std::nullopt;
  const auto ramp = ramp_of(g, product.values[0]);
  if (!ramp || ramp->low != 0 || !nearly(product.factor * ramp->high, 1) || !(g.type(ramp->x) == g.type(n.output()))) return std::nullopt;
  Patch p(g);
  p.replace(n.output(), p.add("hsigmoid", {ramp->x}, {{"alpha", product.factor}, {"beta", product.factor * ramp->shift}}, n.name));
  return p;
}

}  // namespace

const Rule kFuseHardSigmoid{"fuse_hard_sigmoid", "mul div", propose};

}  // namespace verge::passes
