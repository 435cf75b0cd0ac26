#include "ir/match.h"

#include <algorithm>

namespace verge {

bool read_once(const Graph& graph, ValueId value) {
  if (graph.is_output(value)) return false;
  int64_t reads = 0;
  for (const NodeId id : graph.order()) {
    const auto& in = graph.node(id).inputs;
    reads += std::count(in.begin(), in.end(), value);
  }
  return reads == 1;
}

const Node* exclusive_producer(const Graph& graph, ValueId value) {
  const Node* from = graph.producer(value);
  return from && from->outputs.size() == 1 && read_once(graph, value) ? from : nullptr;
}

std::optional<double> uniform(const Graph& graph, ValueId value) {
  const Tensor* tensor = graph.constant(value);
  if (!tensor || tensor->count() == 0 || tensor->dtype() == DataType::kString || graph.type(value).quantized()) return std::nullopt;
  for (int64_t i = 1; i < tensor->count(); ++i)
    if (tensor->at(i) != tensor->at(0)) return std::nullopt;
  return tensor->at(0);
}

std::optional<std::vector<double>> along_axis(const Graph& graph, ValueId value, int rank, int axis, int64_t size) {
  const Tensor* tensor = graph.constant(value);
  if (!tensor || tensor->dtype() == DataType::kString || graph.type(value).quantized() || tensor->shape().rank > rank) return std::nullopt;
  const Shape& shape = tensor->shape();
  for (int i = 0; i < shape.rank; ++i)
    if (shape[i] != 1 && (i + rank - shape.rank != axis || shape[i] != size)) return std::nullopt;
  std::vector<double> out = tensor->to_doubles();
  out.resize(static_cast<size_t>(size), out[0]);
  return out;
}

}  // namespace verge
