// relu and clamp after relu or clamp are one of them.
//
//   a = relu x                    b = clamp x {max=6.0, min=0.0}
//   b = clamp a {max=6.0}   ->    out b
//   out b
#include <cmath>

#include "passes/fused.h"
#include "passes/rules.h"

namespace verge::passes {
namespace {

std::optional<Patch> propose(const Graph& g, const Node& n) {
  const Node* from = g.producer(n.input(0));
  const auto inner = from ? activation_bounds(*from) : std::nullopt;
  if (!inner || !(g.type(from->input(0)) == g.type(n.output())) || !(g.type(n.input(0)) == g.type(n.output()))) return std::nullopt;
  const Bounds both = merged(*inner, *activation_bounds(n));
  Attrs attrs = fused_attrs(n, {from});
  attrs.erase("min");
  attrs.erase("max");
  const bool relu = both == Bounds{.low = 0};
  if (!relu && std::isfinite(both.low)) attrs["min"] = both.low;
  if (!relu && std::isfinite(both.high)) attrs["max"] = both.high;
  Patch p(g);
  p.replace(n.output(), p.add(relu ? "relu" : "clamp", {from->input(0)}, std::move(attrs), n.name));
  return p;
}

}  // namespace

const Rule kMergeClamps{"merge_clamps", "relu clamp", propose};

}  // namespace verge::passes
