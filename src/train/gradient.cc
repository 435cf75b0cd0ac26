#include "train/gradient.h"

#include <algorithm>
#include <map>

#include "ops/gradient.h"

namespace verge::train {
namespace {

class Transform {
 public:
  Transform(Graph& graph, std::span<const ValueId> wrt, const GradientReady& ready, const RemadeValues& remade)
      : graph_(graph), wrt_(wrt), ready_(ready), remade_(remade), order_(graph.order()), gradient_(graph.value_count()), wanted_(graph.value_count()), readers_(graph.value_count()) {}

  Result<void> run(ValueId loss) {
    VERGE_CHECK(find_wanted(loss));
    Tensor one(DataType::kF32, graph_.type(loss).shape());
    one.mut<float>()[0] = 1;
    gradient_[loss.index] = graph_.add_constant(std::move(one), "one");
    for (auto it = order_.rbegin(); it != order_.rend(); ++it) VERGE_CHECK(visit(graph_.node(*it)));
    return done();
  }

 private:
  // Values that depend on one of wrt, and how many nodes that matter read each.
  Result<void> find_wanted(ValueId loss) {
    for (ValueId v : wrt_) wanted_[v.index] = true;
    for (NodeId id : order_)
      for (ValueId in : graph_.node(id).inputs)
        if (in.valid() && wanted_[in.index]) {
          for (ValueId out : graph_.node(id).outputs) wanted_[out.index] = true;
          ++readers_[in.index];
        }
    if (!wanted_[loss.index]) return invalid("the loss '" + graph_.value(loss).name + "' depends on none of the parameters");
    return done();
  }

  Result<void> visit(Node node) {
    std::vector<ValueId> dy;
    std::vector<bool> wanted;
    for (ValueId v : node.outputs) dy.push_back(gradient_[v.index]);
    for (ValueId v : node.inputs) wanted.push_back(v.valid() && wanted_[v.index]);
    const bool reads = std::find(wanted.begin(), wanted.end(), true) != wanted.end();
    if (!reads) return done();
    if (std::any_of(dy.begin(), dy.end(), [](ValueId v) { return v.valid(); })) VERGE_CHECK(differentiate(node, std::move(dy), wanted));
    return retire(node, wanted);
  }

  Result<void> differentiate(const Node& node, std::vector<ValueId> dy, const std::vector<bool>& wanted) {
    const ops::GradientFn function = ops::find_gradient(node.op);
    if (!function) return unsupported(describe(node) + ": no derivative of this operator; keep it out of the way from the parameters to the loss");
    ops::GradientContext context(graph_, node, std::move(dy), wanted, [&](ValueId v) { return read(v); });
    function(context);
    if (context.error()) return Error(*context.error()).within("the gradient of " + describe(node));
    for (size_t i = 0; i < wanted.size(); ++i)
      if (wanted[i] && context.dx()[i].valid()) accumulate(node.inputs[i], context.dx()[i], context);
    return done();
  }

  // The value, or what its node makes of the same inputs once more.
  ValueId read(ValueId value, bool for_another = false) {
    const auto how = remade_.find(value.index);
    if (how == remade_.end()) return value;
    if (const auto found = again_.find(value.index); found != again_.end()) return found->second;
    const Node node = *graph_.producer(value);
    std::vector<ValueId> inputs;
    for (ValueId in : node.inputs) inputs.push_back(in.valid() ? read(in, true) : in);
    const NodeId id = graph_.add_node({node.op, std::move(inputs), node.attrs, node.name + ".again", node.outputs.size(), node.subgraphs});
    ValueId out;
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      const ValueId made = graph_.node(id).outputs[i];
      graph_.value(made).type = graph_.type(node.outputs[i]);
      if (node.outputs[i] == value) out = made;
    }
    if (!for_another || how->second == Remake::kOnce) again_[value.index] = out;
    return out;
  }

  void accumulate(ValueId value, ValueId gradient, ops::GradientContext& context) {
    ValueId& sum = gradient_[value.index];
    sum = sum.valid() ? context.add("add", {sum, gradient}) : gradient;
  }

  // A parameter whose last reader was just visited has its whole gradient.
  Result<void> retire(const Node& node, const std::vector<bool>& wanted) {
    for (size_t i = 0; i < wanted.size(); ++i) {
      const ValueId value = node.inputs[i];
      if (!wanted[i] || --readers_[value.index] > 0 || std::find(wrt_.begin(), wrt_.end(), value) == wrt_.end()) continue;
      if (!gradient_[value.index].valid()) return invalid("the loss does not depend on '" + graph_.value(value).name + "'");
      VERGE_CHECK(ready_(graph_, value, gradient_[value.index]));
    }
    return done();
  }

  Graph& graph_;
  std::span<const ValueId> wrt_;
  const GradientReady& ready_;
  const RemadeValues& remade_;
  std::map<uint32_t, ValueId> again_;  // of remade_, those made so far
  const std::vector<NodeId> order_;
  std::vector<ValueId> gradient_;  // of the values that were there before
  std::vector<bool> wanted_;
  std::vector<int> readers_;
};

}  // namespace

Result<void> add_gradient(Graph& graph, ValueId loss, std::span<const ValueId> wrt, const GradientReady& ready, const RemadeValues& remade) {
  return Transform(graph, wrt, ready, remade).run(loss);
}

Result<std::vector<ValueId>> gradient(Graph& graph, ValueId loss, std::span<const ValueId> wrt, const RemadeValues& remade) {
  std::vector<ValueId> out(wrt.size());
  VERGE_CHECK(add_gradient(graph, loss, wrt, [&](Graph&, ValueId value, ValueId gradient) -> Result<void> {
    for (size_t i = 0; i < wrt.size(); ++i)
      if (wrt[i] == value) out[i] = gradient;
    return done();
  }, remade));
  return out;
}

}  // namespace verge::train
