// depth_to_space: blocks of channels become block x block pixels; space_to_depth: the reverse.
//
//   dcr  channel of x = (row in block * block + column in block) * channels of y + channel of y   (default, TensorFlow's order)
//   crd  channel of x = (channel of y * block + row in block) * block + column in block
//
// x: rank 4 by `layout`. Both are transpositions of x seen with six dimensions.
#include <algorithm>

#include "ops/op.h"
#include "ops/quantize/requantize.h"
#include "ops/reference_tools.h"
#include "ops/shape_rules.h"
#include "ops/transpose/transpose.h"

namespace verge::ops {
namespace {

struct Axes {
  size_t c, h, w;
};
Axes axes_of(const Node& node) { return node.text("layout", "nchw") == "nhwc" ? Axes{3, 1, 2} : Axes{1, 2, 3}; }

bool is_crd(const Node& node) { return node.text("mode", "dcr") == "crd"; }
bool to_space(const Node& node) { return node.op == "depth_to_space"; }

Dim scaled(const Dim& dim, int64_t up, int64_t down) { return dim.known() ? Dim(dim.size * up / down) : Dim(); }

Result<void> infer(InferContext& c) {
  VERGE_CHECK(need_rank(c.in(0), "input"));
  const int64_t block = c.node.integer("block", 1);
  const Axes a = axes_of(c.node);
  if (c.in(0).rank() != 4 || block < 1) return invalid("input is " + c.in(0).text() + " with block " + std::to_string(block) + ", wants rank 4 and a positive block");
  infer_same(c);
  std::vector<Dim>& y = c.out[0].dims;
  const bool divides = to_space(c.node) ? !y[a.c].known() || y[a.c].size % (block * block) == 0
                                        : (!y[a.h].known() || y[a.h].size % block == 0) && (!y[a.w].known() || y[a.w].size % block == 0);
  if (!divides) return invalid("block " + std::to_string(block) + " does not divide " + c.in(0).text());
  const int64_t up = to_space(c.node) ? block : 1, down = to_space(c.node) ? 1 : block;
  y[a.h] = scaled(y[a.h], up, down);
  y[a.w] = scaled(y[a.w], up, down);
  y[a.c] = scaled(y[a.c], down * down, up * up);
  return done();
}

QuantRule quant(const Graph&, const Node&) { return {.kind = QuantRule::Kind::kPassThrough}; }

// Where channel `c` of the deep side and pixel (h, w) within the block meet.
int64_t deep_channel(const Node& node, int64_t block, int64_t channels, int64_t c, int64_t h, int64_t w) {
  return is_crd(node) ? (c * block + h) * block + w : (h * block + w) * channels + c;
}

Result<void> reference(ReferenceContext& context) {
  Tensor& y = context.out[0];
  const Node& node = context.node;
  VERGE_TRY(const Tensor x, moved_tensor(node, context.in[0], y));
  const Axes a = axes_of(node);
  const int64_t block = node.integer("block", 1);
  const int64_t channels = to_space(node) ? y.shape()[static_cast<int>(a.c)] : x.shape()[static_cast<int>(a.c)];
  return move_elements(x, y, [&](int64_t i) {
    Coordinates at = coordinates_of(y.shape(), i);
    if (to_space(node)) {
      at[a.c] = deep_channel(node, block, channels, at[a.c], at[a.h] % block, at[a.w] % block);
      at[a.h] /= block;
      at[a.w] /= block;
      return index_of(x.shape(), at);
    }
    // The deep channel's parts by search: the plainest inverse.
    for (int64_t c = 0; c < channels; ++c)
      for (int64_t h = 0; h < block; ++h)
        for (int64_t w = 0; w < block; ++w)
          if (deep_channel(node, block, channels, c, h, w) == at[a.c]) {
            Coordinates from = at;
            from[a.c] = c;
            from[a.h] = at[a.h] * block + h;
            from[a.w] = at[a.w] * block + w;
            return index_of(x.shape(), from);
          }
    return int64_t{-1};
  });
}

// One side seen with six dimensions, each named: n, h and w outside the block, p and q within it, c.
struct View {
  std::string names;
  Shape shape;
};

View deep_view(const Node& node, bool nhwc, const Shape& deep, int32_t block) {
  const Axes a = axes_of(node);
  const int32_t c = deep[static_cast<int>(a.c)] / (block * block), h = deep[static_cast<int>(a.h)], w = deep[static_cast<int>(a.w)];
  const std::string channel = is_crd(node) ? "cpq" : "pqc";
  View view{nhwc ? "nhw" + channel : "n" + channel + "hw", {}};
  for (char name : view.names) view.shape.dim[view.shape.rank++] = name == 'n' ? deep[0] : name == 'h' ? h : name == 'w' ? w : name == 'c' ? c : block;
  return view;
}

Result<void> lower(const Node& node, Emitter& emitter) {
  const TensorType &x = emitter.graph().type(node.input(0)), &y = emitter.graph().type(node.output());
  if (dtype_bits(y.dtype) < 8) return unsupported(node.op + " of a packed type");
  const bool nhwc = node.text("layout", "nchw") == "nhwc";
  const View deep = deep_view(node, nhwc, to_space(node) ? x.shape() : y.shape(), static_cast<int32_t>(node.integer("block", 1)));
  const std::string flat = nhwc ? "nhpwqc" : "nchpwq";
  std::vector<int> perm;  // from the deep side to the flat one
  for (char name : flat) perm.push_back(static_cast<int>(deep.names.find(name)));
  VERGE_TRY(const TensorRef in, moved_input(emitter, node));
  const TensorRef out = emitter.tensor(node.output());
  if (to_space(node)) emit_transpose(emitter, in, deep.shape, perm, out);
  else emit_transpose(emitter, in, permuted(deep.shape, perm), inverse(perm), out);
  return done();
}

constexpr OpMethods kMethods{.infer = infer, .cost = movement_cost, .reference = reference, .quant = quant, .lower = lower};

}  // namespace

VERGE_OP_METHODS(depth_to_space) = kMethods;
VERGE_OP_METHODS(space_to_depth) = kMethods;

}  // namespace verge::ops
