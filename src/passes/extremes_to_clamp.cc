// minimum and maximum with one number are a clamp.
//
//   c = 6
//   a = minimum x c   ->   a = clamp x {max=6.0}
#include "ir/match.h"
#include "passes/rules.h"

namespace verge::passes {
namespace {

std::optional<Patch> propose(const Graph& g, const Node& n) {
  for (size_t i : {0, 1}) {
    const auto bound = uniform(g, n.input(1 - i));
    if (!bound || !(g.type(n.input(i)) == g.type(n.output())) || !is_float(g.type(n.output()).dtype)) continue;
    Patch p(g);
    p.replace(n.output(), p.add("clamp", {n.input(i)}, {{n.op == "minimum" ? "max" : "min", *bound}}, n.name));
    return p;
  }
  return std::nullopt;
}

}  // namespace

const Rule kExtremesToClamp{"extremes_to_clamp", "minimum maximum", propose};

}  // namespace verge::passes
