#include "ops/conv_transpose/conv_transpose.h"

#include "core/text.h"
#include "ops/spatial.h"
#include "ops/traffic.h"

namespace verge::ops {
namespace {

constexpr int64_t kMostSize = 1 << 14;

Result<std::vector<int64_t>> list_of(const Node& node, const char* name, std::vector<int64_t> otherwise, int64_t least) {
  const std::vector<int64_t> list = node.integers(name, otherwise);
  if (list.size() != otherwise.size()) return invalid(std::string(name) + " " + bracketed(list) + " wants " + std::to_string(otherwise.size()) + " numbers");
  for (const int64_t n : list)
    if (n < least || n > kMostSize) return invalid(std::string(name) + " " + bracketed(list) + " wants numbers from " + std::to_string(least) + " to " + std::to_string(kMostSize));
  return list;
}

Result<void> check_shapes(const Node& node, const TensorType& x, const TensorType& w, const Axes& axes) {
  if (x.ranked && x.rank() != 4) return invalid("input 0 is " + x.text() + ", wants rank 4 (one spatial dimension is written with height 1)");
  if (w.ranked && w.rank() != 4) return invalid("weights are " + w.text() + ", want rank 4: [out, kernel height, kernel width, in / groups]");
  const int64_t groups = node.integer("groups", 1);
  if (!x.ranked || !w.is_static()) return done();
  const Dim& channels = x.dims[axes.c];
  if (groups < 1 || w.shape()[0] % groups != 0 || (channels.known() && channels.size != w.shape()[3] * groups))
    return invalid("input " + x.text() + " and weights " + w.text() + " do not fit in " + std::to_string(groups) + " group(s)");
  return done();
}

Result<void> infer(InferContext& c) {
  const TensorType &x = c.in(0), &w = c.in(1);
  TensorType& y = c.out[0];
  if (!x.quantized() || y.dtype == DataType::kNone) y.dtype = x.dtype;
  VERGE_TRY(const Axes axes, axes_of(c.node));
  VERGE_CHECK(check_shapes(c.node, x, w, axes));
  if (!x.ranked || !w.is_static()) return done();
  VERGE_TRY(const auto window, transposed_axes(c.node, w));
  y.dims = x.dims;
  y.ranked = true;
  y.dims[axes.c] = w.dims[0];
  for (const auto& [axis, d] : {std::pair{window[0], axes.h}, {window[1], axes.w}}) {
    if (!x.dims[d].known()) {
      y.dims[d] = Dim();
      continue;
    }
    if (x.dims[d].size < 1 || axis.out(x.dims[d].size) < 1) return invalid("input " + x.text() + " leaves nothing of the output");
    y.dims[d] = Dim(axis.out(x.dims[d].size));
  }
  return done();
}

Cost cost(const Graph& graph, const Node& node) {
  const TensorType &x = graph.type(node.input(0)), &w = graph.type(node.input(1)), &y = graph.type(node.output());
  if (!x.is_static() || !w.is_static() || !y.is_static() || w.shape()[3] == 0) return {};
  Cost cost = traffic(graph, node);
  cost.macs = x.shape().count() / w.shape()[3] * w.shape().count() / node.integer("groups", 1);
  cost.operations = y.shape().count();
  return cost;
}

QuantRule quant(const Graph&, const Node&) { return {.kind = QuantRule::Kind::kCompute, .weight_input = 1, .weight_axis = 0, .bias_input = 2}; }

}  // namespace

Result<std::array<TransposedAxis, 2>> transposed_axes(const Node& node, const TensorType& weights) {
  VERGE_TRY(const std::vector<int64_t> strides, list_of(node, "strides", {1, 1}, 1));
  VERGE_TRY(const std::vector<int64_t> dilations, list_of(node, "dilations", {1, 1}, 1));
  VERGE_TRY(const std::vector<int64_t> pads, list_of(node, "pads", {0, 0, 0, 0}, 0));
  VERGE_TRY(const std::vector<int64_t> more, list_of(node, "output_padding", {0, 0}, 0));
  std::array<TransposedAxis, 2> out;
  for (size_t i = 0; i < 2; ++i) out[i] = {weights.dims[1 + i].size, strides[i], dilations[i], pads[i], pads[2 + i], more[i]};
  if (out[0].kernel < 1 || out[1].kernel < 1 || out[0].kernel > kMostSize || out[1].kernel > kMostSize) return invalid("weights are " + weights.text());
  return out;
}

VERGE_OP_METHODS(conv_transpose) = {.infer = infer, .cost = cost, .reference = reference_conv_transpose, .quant = quant};

}  // namespace verge::ops
