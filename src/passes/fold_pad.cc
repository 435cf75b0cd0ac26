// Zeros around an image are the convolution's own padding.
//
//   p = pad x {pads=[0, 1, 1, 0, 0, 1, 1, 0]}     y = conv x w {layout="nhwc", pads=[1, 1, 1, 1]}
//   y = conv p w {layout="nhwc"}              ->  out y
//   out y
//
// Exact: a quantised pad writes the zero point, and so does the convolution.
#include <algorithm>

#include "passes/fused.h"
#include "passes/rules.h"

namespace verge::passes {
namespace {

constexpr size_t kRank = 4;

bool pads_with_zeros(const Node& pad) { return pad.text("mode", "constant") == "constant" && pad.real("value", 0) == 0; }

// All of whose readers can pad for themselves, so that nobody needs the padded image.
bool read_by_convolutions(const Graph& g, ValueId image) {
  const auto users = g.users(image);
  return !g.is_output(image) && std::all_of(users.begin(), users.end(), [&](NodeId id) { return g.node(id).op == "conv" && g.node(id).input(0) == image; });
}

bool has_explicit_pads(const Node& conv) {
  const std::string automatic = conv.text("auto_pad");
  return automatic.empty() || automatic == "notset" || automatic == "valid";
}

std::optional<Patch> propose(const Graph& g, const Node& n) {
  const Node* pad = g.producer(n.input(0));
  if (!pad || pad->op != "pad" || !pads_with_zeros(*pad) || !has_explicit_pads(n) || !read_by_convolutions(g, pad->output())) return std::nullopt;
  const std::vector<int64_t> around = pad->integers("pads");
  if (around.size() != 2 * kRank || std::any_of(around.begin(), around.end(), [](int64_t p) { return p < 0; })) return std::nullopt;
  const bool last = n.text("layout") == "nhwc";
  const size_t row = last ? 1 : 2, channel = last ? 3 : 1;
  for (const size_t axis : {size_t{0}, channel})
    if (around[axis] || around[axis + kRank]) return std::nullopt;
  std::vector<int64_t> pads = n.integers("pads", {0, 0, 0, 0});
  const size_t places[] = {row, row + 1, row + kRank, row + 1 + kRank};
  for (size_t i = 0; i < 4; ++i) pads[i] += around[places[i]];
  Attrs attrs = fused_attrs(n, {pad});
  attrs.erase("auto_pad");
  attrs["pads"] = std::move(pads);
  std::vector<ValueId> inputs = n.inputs;
  inputs[0] = pad->input(0);
  Patch p(g);
  p.replace(n.output(), p.add("conv", std::move(inputs), std::move(attrs), n.name));
  return p;
}

}  // namespace

const Rule kFoldPad{"fold_pad", "conv", propose};

}  // namespace verge::passes
