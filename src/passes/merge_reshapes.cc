// A reshape of a reshape needs only the last shape.
//
//   a = reshape x {shape=[2, 6]}         b = reshape x {shape=[3, 4]}
//   b = reshape a {shape=[3, 4]}   ->    out b
//   out b
#include <algorithm>

#include "passes/fused.h"
#include "passes/rules.h"

namespace verge::passes {
namespace {

// The shape as numbers, with -1 for at most one dimension that is not known.
std::optional<std::vector<int64_t>> shape_attribute(const TensorType& type) {
  std::vector<int64_t> shape;
  for (const Dim& d : type.dims) shape.push_back(d.known() ? d.size : -1);
  if (!type.ranked || std::count(shape.begin(), shape.end(), -1) > 1 || std::count(shape.begin(), shape.end(), 0) > 0) return std::nullopt;
  return shape;
}

std::optional<Patch> propose(const Graph& g, const Node& n) {
  const Node* from = g.producer(n.input(0));
  const auto shape = shape_attribute(g.type(n.output()));
  if (!from || from->op != "reshape" || !shape || !(g.type(from->input(0)).quant == g.type(n.output()).quant)) return std::nullopt;
  Patch p(g);
  Attrs attrs = fused_attrs(n, {from});
  attrs["shape"] = *shape;
  p.replace(n.output(), p.add("reshape", {from->input(0)}, std::move(attrs), n.name));
  return p;
}

}  // namespace

const Rule kMergeReshapes{"merge_reshapes", "reshape", propose};

}  // namespace verge::passes
