// Two transposes are one; two that undo each other are none (remove_no_op then drops what is left).
//
//   a = transpose x {perm=[0, 2, 3, 1]}         b = transpose x {perm=[0, 3, 1, 2]}
//   b = transpose a {perm=[0, 2, 3, 1]}   ->    out b
//   out b
#include "passes/fused.h"
#include "passes/rules.h"

namespace verge::passes {
namespace {

std::optional<Patch> propose(const Graph& g, const Node& n) {
  const Node* from = g.producer(n.input(0));
  if (!from || from->op != "transpose") return std::nullopt;
  const std::vector<int64_t> inner = from->integers("perm"), outer = n.integers("perm");
  if (inner.size() != outer.size()) return std::nullopt;
  std::vector<int64_t> perm;
  for (const int64_t i : outer) perm.push_back(inner[static_cast<size_t>(i)]);
  Patch p(g);
  Attrs attrs = fused_attrs(n, {from});
  attrs["perm"] = std::move(perm);
  p.replace(n.output(), p.add("transpose", {from->input(0)}, std::move(attrs), n.name));
  return p;
}

}  // namespace

const Rule kMergeTransposes{"merge_transposes", "transpose", propose};

}  // namespace verge::passes
