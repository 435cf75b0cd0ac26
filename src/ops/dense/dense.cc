#include "ops/dense/dense.h"

#include "ops/traffic.h"

namespace verge::ops {
namespace {

Result<void> infer(InferContext& c) {
  const TensorType &x = c.in(0), &w = c.in(1);
  TensorType& y = c.out[0];
  if (!x.quantized() || y.dtype == DataType::kNone) y.dtype = x.dtype;
  if (w.ranked && w.rank() != 2) return invalid("weights are " + w.text() + ", want rank 2: [outputs, inputs]");
  if (x.ranked && x.rank() < 1) return invalid("input 0 is " + x.text() + ", wants rank 1 or more");
  if (!x.ranked || !w.ranked) return done();
  const Dim &k = x.dims.back(), &n = w.dims[0];
  if (k.known() && w.dims[1].known() && k.size != w.dims[1].size) return invalid("input 0 is " + x.text() + ", its last dimension differs from that of weights " + w.text());
  if (c.has(2) && c.in(2).is_static() && n.known() && c.in(2).shape().count() != n.size)
    return invalid("bias is " + c.in(2).text() + ", wants " + std::to_string(n.size) + " numbers");
  y.ranked = true;
  y.dims = x.dims;
  y.dims.back() = n;
  return done();
}

Cost cost(const Graph& graph, const Node& node) {
  const TensorType &w = graph.type(node.input(1)), &y = graph.type(node.output());
  if (!w.is_static() || !y.is_static()) return {};
  Cost cost = traffic(graph, node);
  cost.macs = y.shape().count() * w.shape()[1];
  cost.operations = y.shape().count();
  return cost;
}

QuantRule quant(const Graph&, const Node&) { return {.kind = QuantRule::Kind::kCompute, .weight_input = 1, .weight_axis = 0, .bias_input = 2}; }

}  // namespace

VERGE_OP_METHODS(dense) = {.infer = infer, .cost = cost, .reference = reference_dense, .quant = quant, .lower = lower_dense};

}  // namespace verge::ops
