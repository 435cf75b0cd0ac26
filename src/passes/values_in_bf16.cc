#include "passes/values_in_bf16.h"

#include <algorithm>
#include <functional>
#include <vector>

#include "ops/product_bf16.h"

namespace verge::passes {
namespace {

using Marks = std::vector<bool>;  // by ValueId::index

class Choice {
 public:
  Choice(const Graph& graph, int64_t fewest_bytes) : graph_(graph), fewest_bytes_(fewest_bytes), order_(graph.order().begin(), graph.order().end()) {}

  // The values that become bf16.
  Marks run() const {
    Marks chosen = between();
    for (const std::vector<ValueId>& side : {graph_.inputs(), graph_.outputs()})
      for (const ValueId value : side) chosen[value.index] = false;
    for (const NodeId id : order_) {
      const ops::Bf16Values can = ops::bf16_values(graph_, graph_.node(id));
      if (can == ops::Bf16Values::kNone) drop(graph_.node(id), chosen);
      if (can == ops::Bf16Values::kReads) chosen[graph_.node(id).output().index] = false;
    }
    while (drop_mixtures(chosen)) {
    }
    if (largest(chosen) < fewest_bytes_) chosen.assign(chosen.size(), false);
    return chosen;
  }

 private:
  // In bytes as f32.
  int64_t largest(const Marks& chosen) const {
    int64_t most = 0;
    for (uint32_t i = 0; i < chosen.size(); ++i)
      if (chosen[i]) most = std::max(most, graph_.type(ValueId{i}).shape().count() * int64_t{sizeof(float)});
    return most;
  }
  static void for_values(const Node& node, const std::function<void(ValueId)>& body) {
    for (const auto* side : {&node.inputs, &node.outputs})
      for (const ValueId value : *side)
        if (value.valid()) body(value);
  }
  static void drop(const Node& node, Marks& chosen) {
    for_values(node, [&](ValueId value) { chosen[value.index] = false; });
  }
  bool is_f32(ValueId value) const { return graph_.type(value).dtype == DataType::kF32; }

  // f32 values that some product of bf16 has led to and that lead to another.
  Marks between() const {
    Marks after(graph_.value_count()), before(after), out(after);
    const auto any = [](const std::vector<ValueId>& values, const Marks& marks) { return std::any_of(values.begin(), values.end(), [&](ValueId v) { return v.valid() && marks[v.index]; }); };
    const auto mark = [](const std::vector<ValueId>& values, Marks& marks) {
      for (const ValueId v : values)
        if (v.valid()) marks[v.index] = true;
    };
    for (const NodeId id : order_)
      if (const Node& node = graph_.node(id); ops::is_bf16_product(graph_, node) || any(node.inputs, after)) mark(node.outputs, after);
    for (size_t i = order_.size(); i-- > 0;)
      if (const Node& node = graph_.node(order_[i]); ops::is_bf16_product(graph_, node) || any(node.outputs, before)) mark(node.inputs, before);
    for (const NodeId id : order_)
      for_values(graph_.node(id), [&](ValueId v) { out[v.index] = after[v.index] && before[v.index] && is_f32(v) && !graph_.constant(v); });
    return out;
  }

  // Whether an operator that wants one type for all had two.
  bool drop_mixtures(Marks& chosen) const {
    bool dropped = false;
    for (const NodeId id : order_) {
      const Node& node = graph_.node(id);
      if (ops::bf16_values(graph_, node) != ops::Bf16Values::kAlike) continue;
      size_t halves = 0, floats = 0;
      for_operands(node, [&](ValueId value) { ++(chosen[value.index] ? halves : floats); });
      if (halves == 0 || floats == 0) continue;
      drop(node, chosen);
      dropped = true;
    }
    return dropped;
  }

  // Values whose types must agree: weights and biases of a depthwise convolution stay f32.
  void for_operands(const Node& node, const std::function<void(ValueId)>& body) const {
    for_values(node, [&](ValueId value) {
      if (is_f32(value) && !(node.op == "conv" && graph_.constant(value))) body(value);
    });
  }

  const Graph& graph_;
  const int64_t fewest_bytes_;
  const std::vector<NodeId> order_;
};

}  // namespace

size_t values_in_bf16(Graph& graph, int64_t fewest_bytes) {
  const Marks chosen = Choice(graph, fewest_bytes).run();
  for (uint32_t i = 0; i < chosen.size(); ++i)
    if (chosen[i]) graph.value(ValueId{i}).type.dtype = DataType::kBF16;
  return static_cast<size_t>(std::count(chosen.begin(), chosen.end(), true));
}

}  // namespace verge::passes
