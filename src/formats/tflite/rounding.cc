#include "formats/tflite/rounding.h"

#include <algorithm>

#include "ops/op.h"
#include "ops/quantized.h"

namespace verge::formats::tflite {
namespace {

constexpr const char* kOnce = "onnx";

bool sums_integers(const Graph& graph, const Node& node) {
  const ops::OpDef* def = ops::find_op(node.op);
  if (!def || !def->methods->quant || node.outputs.size() != 1 || !ops::is_quantized(graph, node)) return false;
  return node.op == "avg_pool" || def->methods->quant(graph, node).kind == ops::QuantRule::Kind::kCompute;
}

bool is_entry(const File& file, const schema::Metadata* entry) {
  if (!entry || !entry->name() || entry->name()->string_view() != kRoundingEntry || entry->buffer() >= size_of(file.model().buffers())) return false;
  const ByteSpan text = file.buffer(entry->buffer());
  return std::string_view(reinterpret_cast<const char*>(text.data()), text.size()) == kRoundsOnce;
}

}  // namespace

bool rounds_once(const Graph& graph) {
  const std::vector<NodeId> order = graph.order();
  return std::any_of(order.begin(), order.end(), [&](NodeId id) { return graph.node(id).text("requant") == kOnce; });
}

bool rounds_once(const File& file) {
  const auto* entries = file.model().metadata();
  for (uint32_t i = 0; i < size_of(entries); ++i)
    if (is_entry(file, entries->Get(i))) return true;
  return false;
}

void round_once(Graph& graph) {
  for (NodeId id : graph.order())
    if (sums_integers(graph, graph.node(id))) graph.node(id).attrs["requant"] = std::string(kOnce);
}

}  // namespace verge::formats::tflite
