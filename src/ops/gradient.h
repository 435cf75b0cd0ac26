// The derivative of each operator as nodes: what the gradient transform of room train calls. One function an operator, listed in gradients.inc, in the
// operator's family; an operator without a line has no derivative.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ops/op.h"

namespace verge::ops {

// Appends nodes to a graph whose types are static. An error sticks: what is added after it has no meaning, and `error` says what was first.
class GradientContext {
 public:
  // `read`: what an added node reads instead of a value; the value itself where it is kept.
  GradientContext(Graph& graph, Node node, std::vector<ValueId> dy, std::vector<bool> wanted, std::function<ValueId(ValueId)> read)
      : node(std::move(node)), graph_(graph), dy_(std::move(dy)), wanted_(std::move(wanted)), read_(std::move(read)), dx_(this->node.inputs.size()) {}

  const Node node;

  bool wants(size_t input) const { return input < wanted_.size() && wanted_[input]; }
  // The gradient of an output; invalid when nothing that matters reads it.
  ValueId dy(size_t output = 0) const { return dy_[output]; }
  ValueId in(size_t i) const { return node.input(i); }
  ValueId out(size_t i = 0) const { return node.output(i); }
  Shape shape(ValueId value) const { return graph_.type(value).shape(); }

  ValueId add(const std::string& op, std::vector<ValueId> inputs, Attrs attrs = {}) { return add_many(op, std::move(inputs), std::move(attrs), 1)[0]; }
  std::vector<ValueId> add_many(const std::string& op, std::vector<ValueId> inputs, Attrs attrs, size_t outputs);
  ValueId number(double value);
  ValueId mul(ValueId a, ValueId b) { return add("mul", {a, b}); }
  ValueId mul(ValueId a, double b) { return mul(a, number(b)); }
  ValueId reshape(ValueId value, const Shape& shape);
  // Sums over the dimensions in which `shape` was broadcast.
  ValueId reduce_to(ValueId value, const Shape& shape);
  // dy through the node's own clamp_min and clamp_max.
  ValueId through_clamp();

  // What flows to an input.
  void give(size_t input, ValueId gradient) { dx_[input] = gradient; }
  void fail(Error error) {
    if (!error_) error_ = std::move(error);
  }
  const std::optional<Error>& error() const { return error_; }
  const std::vector<ValueId>& dx() const { return dx_; }

 private:
  Graph& graph_;
  std::vector<ValueId> dy_;
  std::vector<bool> wanted_;
  std::function<ValueId(ValueId)> read_;
  std::vector<ValueId> dx_;
  std::optional<Error> error_;
};

using GradientFn = void (*)(GradientContext& context);

// Null: the operator has no derivative.
GradientFn find_gradient(std::string_view op);

#define VERGE_GRADIENT(op, function) void function(GradientContext& context);
#include "ops/gradients.inc"
#undef VERGE_GRADIENT

}  // namespace verge::ops
