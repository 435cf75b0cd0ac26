#include "ops/pool/pool.h"

#include "core/text.h"
#include "ops/quantized.h"
#include "ops/traffic.h"

namespace verge::ops {
namespace {

Result<void> infer(InferContext& c) {
  const TensorType &x = c.in(0), &known = c.graph.type(c.node.output());
  TensorType& y = c.out[0];
  y.dtype = x.dtype;
  if (!known.quantized()) y.quant = x.quant;
  VERGE_TRY(const Axes axes, axes_of(c.node));
  VERGE_TRY(const Window window, pool_window(c.node));
  if (!x.ranked) return done();
  if (x.rank() != 4) return invalid("input 0 is " + x.text() + ", wants rank 4 (one spatial dimension is written with height 1)");
  VERGE_TRY(y.dims, window_dims(window, axes, x.dims, x.dims[axes.c]));
  y.ranked = true;
  return done();
}

Cost cost(const Graph& graph, const Node& node) {
  const TensorType& y = graph.type(node.output());
  const std::vector<int64_t> kernel = node.integers("kernel");
  if (!y.is_static() || kernel.size() != 2) return {};
  Cost cost = traffic(graph, node);
  cost.operations = y.shape().count() * kernel[0] * kernel[1];
  return cost;
}

QuantRule quant(const Graph&, const Node&) { return {.kind = QuantRule::Kind::kPassThrough}; }

}  // namespace

Result<Window> pool_window(const Node& node) {
  const std::vector<int64_t> kernel = node.integers("kernel");
  if (kernel.size() != 2) return invalid("kernel " + bracketed(kernel) + " wants two numbers, height and width");
  return window_of(node, kernel[0], kernel[1]);
}

Result<void> check_pool_quant(const Node& node, DataType dtype, const QuantParams& x, const QuantParams& y) {
  if (!is_8bit(dtype)) return unsupported(std::string("pooling of ") + dtype_name(dtype) + "; f32, and i8 or u8 are supported");
  if (node.op == "avg_pool" && x.empty()) return unsupported("the average of integers that are not quantised");
  VERGE_TRY(const RequantMode mode, requant_mode(node));
  const bool same = x.scale == y.scale && x.zero_point == y.zero_point;
  if (same || (node.op == "avg_pool" && mode == RequantMode::kOnnx && !y.empty())) return done();
  return unsupported("a quantised pool whose output has another scale or zero point than its input; requantize after it");
}

VERGE_OP_METHODS(max_pool) = {.infer = infer, .cost = cost, .reference = reference_pool, .quant = quant, .lower = lower_pool};
VERGE_OP_METHODS(avg_pool) = {.infer = infer, .cost = cost, .reference = reference_pool, .quant = quant, .lower = lower_pool};

}  // namespace verge::ops
