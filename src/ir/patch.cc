#include "ir/patch.h"

namespace verge {

ValueId Patch::add(std::string op, std::vector<ValueId> inputs, Attrs attrs, std::string name) {
  return add_many({std::move(op), std::move(inputs), std::move(attrs), std::move(name), 1, {}})[0];
}

std::vector<ValueId> Patch::add_many(NewNode node) {
  Step step;
  for (size_t i = 0; i < node.outputs; ++i) step.outputs.push_back({next_++});
  step.node = std::move(node);
  steps_.push_back(std::move(step));
  return steps_.back().outputs;
}

ValueId Patch::constant(Tensor tensor, std::string name) {
  Step step;
  step.constant = std::move(tensor);
  step.node.name = std::move(name);
  step.outputs.push_back({next_++});
  steps_.push_back(std::move(step));
  return steps_.back().outputs[0];
}

// A new node may read the value that it replaces: only readers that were there before move.
void Patch::replace_old_readers(Graph& graph, ValueId from, ValueId to) const {
  std::vector<std::pair<NodeId, size_t>> kept;
  for (const Step& step : steps_) {
    if (step.constant) continue;
    const NodeId made = graph.value(step.outputs[0]).producer;
    for (size_t i = 0; i < step.node.inputs.size(); ++i)
      if (graph.node(made).inputs[i] == from) kept.emplace_back(made, i);
  }
  if (adds(to) || graph.value(to).name.empty()) graph.value(to).name = graph.value(from).name;
  if (adds(to) && graph.type(to).dtype == DataType::kNone) graph.value(to).type = graph.type(from);
  graph.replace_uses(from, to);
  for (const auto& [node, i] : kept) graph.node(node).inputs[i] = from;
}

void Patch::apply(Graph& graph) const {
  for (const Step& step : steps_) {
    if (step.constant) {
      graph.add_constant(*step.constant, step.node.name);
    } else {
      graph.add_node(step.node);
    }
  }
  for (const auto& [value, type] : types_) graph.value(value).type = type;
  for (const auto& [from, to] : replacements_) replace_old_readers(graph, from, to);
  graph.sort();
  graph.remove_dead();
}

}  // namespace verge
