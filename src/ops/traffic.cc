#include "ops/traffic.h"

namespace verge::ops {
namespace {

int64_t bytes_of(const TensorType& type) { return static_cast<int64_t>(dtype_bytes(type.dtype, static_cast<size_t>(type.shape().count()))); }

}  // namespace

Cost traffic(const Graph& graph, const Node& node) {
  Cost cost;
  for (const auto* side : {&node.inputs, &node.outputs})
    for (ValueId value : *side) {
      if (!value.valid()) continue;
      if (!graph.type(value).is_static()) return {};
      (graph.constant(value) ? cost.weight_bytes : cost.activation_bytes) += bytes_of(graph.type(value));
    }
  return cost;
}

}  // namespace verge::ops
