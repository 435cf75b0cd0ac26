// The average over a whole plane is a mean. Float only: integer average pooling and integer mean round differently.
//
//   x: f32[1,64,7,7]
//   y = avg_pool x {kernel=[7, 7]}   ->   y = reduce_mean x {axes=[2, 3], keepdims=1}
#include <algorithm>

#include "passes/fused.h"
#include "passes/rules.h"

namespace verge::passes {
namespace {

std::optional<Patch> propose(const Graph& g, const Node& n) {
  const TensorType& x = g.type(n.input(0));
  const std::vector<int64_t> kernel = n.integers("kernel"), pads = n.integers("pads");
  if (!is_float(x.dtype) || x.rank() != 4 || kernel.size() != 2 || !fused_bounds(n).unbounded()) return std::nullopt;
  const int64_t h = n.text("layout") == "nhwc" ? 1 : 2;
  const bool padded = std::any_of(pads.begin(), pads.end(), [](int64_t v) { return v != 0; }) || n.text("auto_pad", "valid") != "valid";
  const std::vector<int64_t> dilations = n.integers("dilations", {1, 1});
  if (padded || dilations != std::vector<int64_t>{1, 1} || !(x.dims[h] == Dim(kernel[0])) || !(x.dims[h + 1] == Dim(kernel[1]))) return std::nullopt;
  Patch p(g);
  p.replace(n.output(), p.add("reduce_mean", {n.input(0)}, {{"axes", std::vector<int64_t>{h, h + 1}}, {"keepdims", int64_t{1}}}, n.name));
  return p;
}

}  // namespace

const Rule kGlobalPoolToMean{"global_pool_to_mean", "avg_pool", propose};

}  // namespace verge::passes
