#include "passes/channels.h"

#include <cmath>

#include "ir/match.h"

namespace verge::passes {
namespace {

std::optional<ChannelAffine> batch_norm_affine(const Graph& g, const Node& n, int axis, int64_t channels) {
  const int rank = g.type(n.input(0)).rank();
  const int64_t given = n.integer("axis", 1);
  if ((given < 0 ? given + rank : given) != axis) return std::nullopt;
  std::optional<std::vector<double>> in[4];  // scale, bias, mean, var
  for (size_t i = 0; i < 4; ++i) {
    in[i] = along_axis(g, n.input(i + 1), 1, 0, channels);
    if (!in[i]) return std::nullopt;
  }
  ChannelAffine out;
  const double epsilon = n.real("epsilon", 1e-5);
  for (size_t c = 0; c < static_cast<size_t>(channels); ++c) {
    out.scale.push_back((*in[0])[c] / std::sqrt((*in[3])[c] + epsilon));
    out.shift.push_back((*in[1])[c] - (*in[2])[c] * out.scale[c]);
  }
  return out;
}

}  // namespace

int channel_axis(const Graph& graph, const Node& node) {
  const TensorType& y = graph.type(node.output());
  if (!y.ranked) return -1;
  return node.op == "dense" || node.text("layout") == "nhwc" ? y.rank() - 1 : 1;
}

std::optional<ChannelAffine> channel_affine(const Graph& g, const Node& n, size_t x, int axis, int64_t channels) {
  if (axis < 0 || !g.type(n.output()).ranked) return std::nullopt;
  if (n.op == "batch_norm") return batch_norm_affine(g, n, axis, channels);
  const auto c = along_axis(g, n.input(1 - x), g.type(n.output()).rank(), axis, channels);
  if (!c || (x == 1 && (n.op == "sub" || n.op == "div"))) return std::nullopt;
  ChannelAffine out{std::vector<double>(c->size(), 1), std::vector<double>(c->size(), 0)};
  for (size_t i = 0; i < c->size(); ++i) {
    if (n.op == "add") out.shift[i] = (*c)[i];
    if (n.op == "sub") out.shift[i] = -(*c)[i];
    if (n.op == "mul") out.scale[i] = (*c)[i];
    if (n.op == "div") out.scale[i] = 1 / (*c)[i];
  }
  return out;
}

}  // namespace verge::passes
