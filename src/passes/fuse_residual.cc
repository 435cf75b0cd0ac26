// An addition to a convolution's output is done while the output is still in registers.
//
//   a = conv x w b                         s = conv x w b r {clamp_min=0.0}
//   s = add a r {clamp_min=0.0}     ->     out s
//   out s
//
// Float only; r has the shape of a. Where both operands are convolutions the later one takes the other's output.
#include <algorithm>

#include "ir/match.h"
#include "passes/fused.h"
#include "passes/rules.h"

namespace verge::passes {
namespace {

bool can_add(const Graph& g, const Node* conv, ValueId residual, const TensorType& sum) {
  return conv && conv->op == "conv" && !conv->input(3).valid() && fused_bounds(*conv).unbounded() && !g.constant(residual) && is_float(sum.dtype) &&
         g.type(conv->output()) == sum && g.type(residual) == sum;
}

std::optional<Patch> propose(const Graph& g, const Node& n) {
  const Node* conv[2] = {exclusive_producer(g, n.input(0)), exclusive_producer(g, n.input(1))};
  bool can[2];
  for (size_t i : {0, 1}) can[i] = can_add(g, conv[i], n.input(1 - i), g.type(n.output()));
  if (!can[0] && !can[1]) return std::nullopt;
  const auto place = [&](const Node* node) { return std::find(g.order().begin(), g.order().end(), node->id); };
  const size_t chosen = can[0] && can[1] ? place(conv[1]) > place(conv[0]) : can[1];
  const Node& main = *conv[chosen];
  Attrs attrs = fused_attrs(main, {&n});
  set_fused_bounds(attrs, fused_bounds(n));
  Patch p(g);
  p.replace(n.output(), p.add("conv", {main.input(0), main.input(1), main.input(2), n.input(1 - chosen)}, std::move(attrs), main.name));
  return p;
}

}  // namespace

const Rule kFuseResidual{"fuse_residual", "add", propose};

}  // namespace verge::passes
