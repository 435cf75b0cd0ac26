#include "train/graph_nodes.h"

#include "ops/op.h"

namespace verge::train {

std::vector<ValueId> GraphNodes::add_many(const std::string& op, std::vector<ValueId> inputs, Attrs attrs, const std::string& name, size_t outputs) {
  const NodeId id = graph_.add_node({op, std::move(inputs), std::move(attrs), name, outputs, {}});
  if (error_.ok()) error_ = ops::infer_node(graph_, graph_.node(id));
  return graph_.node(id).outputs;
}

}  // namespace verge::train
