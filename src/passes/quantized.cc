#include "passes/quantized.h"

#include <algorithm>

namespace verge::passes {
namespace {

bool is_byte(DataType dtype) { return dtype == DataType::kI8 || dtype == DataType::kU8; }

ValueId dequantized_from(const Graph& g, ValueId value) {
  const Node* from = g.producer(value);
  return from && from->op == "dequantize" ? from->input(0) : ValueId();
}

}  // namespace

bool is_byte_tensor(const TensorType& type) { return is_byte(type.dtype) && type.quantized() && !type.quant.per_channel(); }

ValueId integer_source(const Graph& graph, ValueId value) {
  const ValueId q = dequantized_from(graph, value);
  return q.valid() && is_byte_tensor(graph.type(q)) ? q : ValueId();
}

ValueId integer_weights(const Graph& graph, ValueId value, int axis) {
  const ValueId q = dequantized_from(graph, value);
  if (!graph.constant(q) || !is_byte(graph.type(q).dtype)) return {};
  const QuantParams& quant = graph.type(q).quant;
  return !quant.per_channel() || quant.axis == axis ? q : ValueId();
}

bool moves_elements(const Node& node) {
  static const char* const kOps[] = {"reshape", "transpose", "slice", "split", "gather", "expand", "tile", "max_pool", "depth_to_space", "space_to_depth", "concat"};
  return std::find(std::begin(kOps), std::end(kOps), node.op) != std::end(kOps) || (node.op == "resize" && node.text("mode") == "nearest");
}

}  // namespace verge::passes
