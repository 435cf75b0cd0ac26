// What constants alone decide is computed now, by the operators' references.
//
//   c = 2
//   a = add c c        a = 4
//   y = mul x a   ->   y = mul x a
//   out y              out y
//
// A result is kept only where it is small (64 KB) or not much larger than what it comes from (16 times). dequantize waits for fold_dequantize: before that,
// fuse_quantized wants to see it.
#include <algorithm>

#include "ops/op.h"
#include "passes/pipelines.h"

namespace verge::passes {
namespace {

constexpr size_t kSmallBytes = 64 * 1024;
constexpr size_t kMostGrowth = 16;

bool folded(const Graph& g, ValueId v) { return !v.valid() || g.constant(v); }

bool decided(const Graph& g, const Node& n) {
  if (!n.subgraphs.empty() || std::any_of(n.outputs.begin(), n.outputs.end(), [&](ValueId v) { return g.is_output(v); })) return false;
  if (n.op == "shape") return g.type(n.input(0)).is_static();
  const auto is_per_channel = [&](ValueId v) { return v.valid() && g.type(v).quant.per_channel(); };
  if (n.op != "transpose" && n.op != "dequantize" && std::any_of(n.inputs.begin(), n.inputs.end(), is_per_channel)) return false;
  return !n.inputs.empty() && std::all_of(n.inputs.begin(), n.inputs.end(), [&](ValueId v) { return folded(g, v); });
}

bool worth_its_size(const Graph& g, const Node& n) {
  size_t in = 0, out = 0;
  for (const ValueId v : n.inputs)
    if (const Tensor* t = g.constant(v)) in += t->bytes().size();
  for (const ValueId v : n.outputs)
    if (v.valid() && g.type(v).is_static()) out += dtype_bytes(g.type(v).dtype, static_cast<size_t>(g.type(v).shape().count()));
  return out <= std::max(kSmallBytes, kMostGrowth * in);
}

Result<std::vector<Tensor>> result_of(const Graph& g, const Node& n) {
  if (n.op == "shape") {
    std::vector<int64_t> dims;
    for (const Dim& d : g.type(n.input(0)).dims) dims.push_back(d.size);
    return std::vector<Tensor>{Tensor::of<int64_t>({static_cast<int32_t>(dims.size())}, dims)};
  }
  std::vector<Tensor> in;
  for (const ValueId v : n.inputs) in.push_back(v.valid() ? *g.constant(v) : Tensor());
  return ops::run_reference(g, n, in);
}

// An operator that its reference cannot run stays as it is.
Result<size_t> fold_where(Graph& g, bool (*wanted)(const Node&)) {
  size_t changes = 0;
  const std::vector<NodeId> order = g.order();
  for (const NodeId id : order) {
    const Node& n = g.node(id);
    if (!wanted(n) || !decided(g, n)) continue;
    VERGE_CHECK(ops::infer_node(g, n));  // what was folded before may have settled a shape
    if (!worth_its_size(g, n)) continue;
    const auto results = result_of(g, n);
    if (!results.ok()) continue;
    const std::vector<ValueId> outputs = n.outputs;
    for (size_t i = 0; i < outputs.size(); ++i)
      if (outputs[i].valid()) g.replace_uses(outputs[i], g.add_constant((*results)[i], g.value(outputs[i]).name));
    ++changes;
  }
  g.remove_dead();
  return changes;
}

}  // namespace

Result<size_t> fold_constants(Graph& graph) {
  return fold_where(graph, [](const Node& n) { return n.op != "dequantize"; });
}

Result<size_t> fold_dequantize(Graph& graph) {
  return fold_where(graph, [](const Node& n) { return n.op == "dequantize"; });
}

}  // namespace verge::passes
