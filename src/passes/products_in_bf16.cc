#include "passes/products_in_bf16.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "ops/quantized.h"

namespace verge::passes {
namespace {

constexpr std::array<std::string_view, 7> kProducts = {"conv", "dense", "matmul", "attention", "lstm", "gru", "rnn"};

bool is_float_product(const Graph& graph, const Node& node) {
  return std::find(kProducts.begin(), kProducts.end(), node.op) != kProducts.end() && graph.type(node.input(0)).dtype == DataType::kF32;
}

}  // namespace

size_t products_in_bf16(Graph& graph) {
  const auto order = graph.order();
  if (std::any_of(order.begin(), order.end(), [&](NodeId id) { return ops::is_quantized(graph, graph.node(id)); })) return 0;
  size_t count = 0;
  for (const NodeId id : order) {
    if (!is_float_product(graph, graph.node(id))) continue;
    graph.node(id).attrs["precision"] = std::string("bf16");
    ++count;
  }
  return count;
}

}  // namespace verge::passes
