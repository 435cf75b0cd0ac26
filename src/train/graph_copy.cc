#include "train/graph_copy.h"

namespace verge::train {

void append_nodes(const Graph& from, Graph& to, std::map<uint32_t, ValueId>& map) {
  for (NodeId id : from.order()) {
    const Node& node = from.node(id);
    std::vector<ValueId> inputs;
    for (ValueId v : node.inputs) {
      if (v.valid() && from.constant(v) && !map.count(v.index)) map[v.index] = to.add_constant(*from.constant(v), from.value(v).name);
      inputs.push_back(v.valid() ? map.at(v.index) : ValueId{});
    }
    const NodeId made = to.add_node({node.op, inputs, node.attrs, node.name, node.outputs.size(), node.subgraphs});
    for (size_t i = 0; i < node.outputs.size(); ++i) map[node.outputs[i].index] = to.node(made).outputs[i];
  }
}

}  // namespace verge::train
