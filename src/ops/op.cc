#include "ops/op.h"

#include <algorithm>

#include "core/text.h"

namespace verge::ops {

#define VERGE_OP(name, min_inputs, max_inputs, outputs, family) extern const OpMethods name##_methods;
#include "ops/ops.inc"
#undef VERGE_OP

namespace {

constexpr OpDef kOps[] = {
#define VERGE_OP(name, min_inputs, max_inputs, outputs, family) {#name, min_inputs, max_inputs, outputs, #family, &name##_methods},
#include "ops/ops.inc"
#undef VERGE_OP
};

Result<const OpDef*> definition(const Node& node) {
  const OpDef* def = find_op(node.op);
  if (!def) return unsupported(describe(node) + ": no operator of this name");
  const int n = static_cast<int>(node.inputs.size()), m = static_cast<int>(node.outputs.size());
  if (n < def->min_inputs || (def->max_inputs >= 0 && n > def->max_inputs))
    return invalid(describe(node) + ": has " + std::to_string(n) + " inputs, wants " + std::to_string(def->min_inputs) +
                   (def->max_inputs < 0 ? " or more" : def->max_inputs > def->min_inputs ? " to " + std::to_string(def->max_inputs) : ""));
  for (int i = 0; i < def->min_inputs; ++i)
    if (!node.input(i).valid()) return invalid(describe(node) + ": input " + std::to_string(i) + " is absent");
  if (def->outputs >= 0 && m != def->outputs)
    return invalid(describe(node) + ": has " + std::to_string(m) + " outputs, wants " + std::to_string(def->outputs));
  return def;
}

// The inferred type, with quantisation that the value carries already where the operator does not say otherwise.
TensorType merged(const TensorType& inferred, const TensorType& known) {
  TensorType out = inferred;
  if (out.quant.empty()) out.quant = known.quant;
  if (out.dtype == DataType::kNone) out.dtype = known.dtype;
  if (!out.ranked && known.ranked) out.dims = known.dims, out.ranked = true;
  if (out.ranked && known.ranked && out.dims.size() == known.dims.size())
    for (size_t i = 0; i < out.dims.size(); ++i)
      if (!out.dims[i].known() && known.dims[i].known()) out.dims[i] = known.dims[i];
  return out;
}

}  // namespace

const OpDef* find_op(std::string_view name) {
  const auto it = std::find_if(std::begin(kOps), std::end(kOps), [&](const OpDef& d) { return name == d.name; });
  return it == std::end(kOps) ? nullptr : &*it;
}

std::span<const OpDef> all_ops() { return kOps; }

Result<void> infer_node(Graph& graph, const Node& node) {
  VERGE_TRY(const OpDef* def, definition(node));
  std::vector<TensorType> out(node.outputs.size());
  for (size_t i = 0; i < out.size(); ++i)
    if (node.outputs[i].valid()) out[i].dtype = graph.type(node.outputs[i]).dtype;  // a hint for operators whose output type is free
  InferContext context{graph, node, out};
  VERGE_CHECK(def->methods->infer(context), describe(node));
  for (size_t i = 0; i < out.size(); ++i)
    if (node.outputs[i].valid()) graph.value(node.outputs[i]).type = merged(out[i], graph.type(node.outputs[i]));
  return done();
}

Result<void> infer_types(Graph& graph) {
  for (NodeId id : graph.order()) VERGE_CHECK(infer_node(graph, graph.node(id)));
  return done();
}

Result<std::vector<Tensor>> run_reference(const Graph& graph, const Node& node, std::span<const Tensor> inputs) {
  VERGE_TRY(const OpDef* def, definition(node));
  if (!def->methods->reference) return unsupported(describe(node) + ": has no reference");
  // Types again from the tensors at hand: a data-dependent shape (reshape to a computed shape) is known only now.
  Graph local;
  NewNode made{node.op, {}, node.attrs, node.name, node.outputs.size(), node.subgraphs};
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    if (!node.inputs[i].valid()) {
      made.inputs.push_back({});
      continue;
    }
    const ValueId value = local.add_constant(inputs[i]);
    local.value(value).type.quant = graph.type(node.inputs[i]).quant;
    made.inputs.push_back(value);
  }
  const Node& copy = local.node(local.add_node(std::move(made)));
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    if (!node.outputs[i].valid()) continue;
    local.value(copy.outputs[i]).type.dtype = graph.type(node.outputs[i]).dtype;
    local.value(copy.outputs[i]).type.quant = graph.type(node.outputs[i]).quant;
  }
  VERGE_CHECK(infer_node(local, copy));
  std::vector<Tensor> in, out;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    in.push_back(node.inputs[i].valid() ? inputs[i] : Tensor());
    if (node.inputs[i].valid()) in.back().set_quant(graph.type(node.inputs[i]).quant);
  }
  for (ValueId v : copy.outputs) {
    const TensorType& type = local.type(v);
    if (!type.is_static()) return unsupported(describe(node) + ": its output shape depends on data (" + type.text() + ")");
    out.emplace_back(type.dtype, type.shape());
    out.back().set_quant(type.quant);
  }
  ReferenceContext context{node, in, out};
  VERGE_CHECK(def->methods->reference(context), describe(node));
  return out;
}

Result<std::vector<Tensor>> interpret(const Graph& graph, std::span<const Tensor> inputs, std::vector<Tensor>* all) {
  if (inputs.size() != graph.inputs().size())
    return invalid("the graph has " + std::to_string(graph.inputs().size()) + " inputs, " + std::to_string(inputs.size()) + " were given");
  std::vector<Tensor> values(graph.value_count());
  for (size_t i = 0; i < inputs.size(); ++i) values[graph.inputs()[i].index] = inputs[i];
  for (NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    std::vector<Tensor> in;
    for (ValueId v : node.inputs) in.push_back(!v.valid() ? Tensor() : graph.constant(v) ? *graph.constant(v) : values[v.index]);
    VERGE_TRY(std::vector<Tensor> out, run_reference(graph, node, in));
    for (size_t i = 0; i < out.size(); ++i)
      if (node.outputs[i].valid()) values[node.outputs[i].index] = std::move(out[i]);
  }
  std::vector<Tensor> outputs;
  for (ValueId v : graph.outputs()) outputs.push_back(graph.constant(v) ? *graph.constant(v) : values[v.index]);
  if (all) *all = std::move(values);
  return outputs;
}

Cost cost_of(const Graph& graph, const Node& node) {
  const OpDef* def = find_op(node.op);
  if (def && def->methods->cost) return def->methods->cost(graph, node);
  Cost cost;
  for (ValueId v : node.outputs)
    if (v.valid() && graph.type(v).is_static()) cost.operations += graph.type(v).shape().count();
  return cost;
}

}  // namespace verge::ops
