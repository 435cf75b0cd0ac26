#include "passes/functions_into_bf16.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "ops/product_bf16.h"

namespace verge::passes {
namespace {

// Without attributes.
constexpr std::array<std::string_view, 5> kFunctions = {"sigmoid", "silu", "gelu", "hswish", "tanh"};

bool is_function(const Graph& graph, const Node& node) {
  if (std::find(kFunctions.begin(), kFunctions.end(), node.op) == kFunctions.end() || graph.type(node.output()).dtype != DataType::kBF16) return false;
  return node.op != "gelu" || node.text("approximate", "none") == "none";
}

}  // namespace

size_t functions_into_bf16(Graph& graph) {
  const auto users = graph.all_users();
  size_t count = 0;
  for (const NodeId id : std::vector<NodeId>(graph.order())) {
    const Node& node = graph.node(id);
    const Node* producer = is_function(graph, node) ? graph.producer(node.input(0)) : nullptr;
    if (!producer || users[node.input(0).index].size() != 1 || graph.is_output(node.input(0)) || !ops::takes_activation(graph, *producer)) continue;
    graph.node(producer->id).attrs["activation"] = node.op;
    graph.replace_uses(node.output(), node.input(0));
    graph.remove_node(id);
    ++count;
  }
  return count;
}

}  // namespace verge::passes
