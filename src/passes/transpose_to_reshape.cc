// A transpose that moves dimensions of size 1 alone leaves the bytes where they are.
//
//   x: f32[1,64,1,1]
//   a = transpose x {perm=[0, 2, 3, 1]}   ->   a = reshape x {shape=[1, 1, 1, 64]}
#include "passes/rules.h"

namespace verge::passes {
namespace {

bool moves_ones_alone(const TensorType& x, const std::vector<int64_t>& perm) {
  int64_t last = -1;
  for (const int64_t i : perm) {
    if (x.dims[static_cast<size_t>(i)] == Dim(1)) continue;
    if (i < last) return false;
    last = i;
  }
  return true;
}

std::optional<Patch> propose(const Graph& g, const Node& n) {
  const TensorType &x = g.type(n.input(0)), &y = g.type(n.output());
  const std::vector<int64_t> perm = n.integers("perm");
  if (!x.ranked || perm.size() != x.dims.size() || x.quant.per_channel() || !moves_ones_alone(x, perm)) return std::nullopt;
  std::vector<int64_t> shape;
  int unknown = 0;
  for (const Dim& d : y.dims) {
    shape.push_back(d.known() ? d.size : -1);
    unknown += !d.known();
    if (d == Dim(0)) return std::nullopt;
  }
  if (unknown > 1) return std::nullopt;
  Attrs attrs = n.attrs;
  attrs.erase("perm");
  attrs["shape"] = std::move(shape);
  Patch p(g);
  p.replace(n.output(), p.add("reshape", {n.input(0)}, std::move(attrs), n.name));
  return p;
}

}  // namespace

const Rule kTransposeToReshape{"transpose_to_reshape", "transpose", propose};

}  // namespace verge::passes
