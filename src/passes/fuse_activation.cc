// relu and clamp become the bounds of the operator before them.
//
//   a = conv x w                    b = conv x w {clamp_max=6.0, clamp_min=0.0}
//   b = clamp a {max=6, min=0} ->   out b
//   out b
//
// Between quantised values only where scale and zero point of a and b are equal: the bounds are quantised with the output's.
#include <algorithm>

#include "ir/match.h"
#include "passes/fused.h"
#include "passes/rules.h"

namespace verge::passes {
namespace {

bool takes_bounds(const std::string& op) {
  static const char* const kOps[] = {"conv", "conv_transpose", "dense", "max_pool", "avg_pool", "add", "sub", "mul", "div"};
  return std::find(std::begin(kOps), std::end(kOps), op) != std::end(kOps);
}

std::optional<Patch> propose(const Graph& g, const Node& n) {
  const Node* from = exclusive_producer(g, n.input(0));
  if (!from || !takes_bounds(from->op) || !(g.type(n.input(0)) == g.type(n.output()))) return std::nullopt;
  if (!is_float(g.type(n.output()).dtype) && !g.type(n.output()).quantized()) return std::nullopt;
  Attrs attrs = fused_attrs(*from, {&n});
  set_fused_bounds(attrs, merged(fused_bounds(*from), *activation_bounds(n)));
  Patch p(g);
  p.replace(n.output(), p.add(from->op, from->inputs, std::move(attrs), from->name));
  return p;
}

}  // namespace

const Rule kFuseActivation{"fuse_activation", "relu clamp", propose};

}  // namespace verge::passes
