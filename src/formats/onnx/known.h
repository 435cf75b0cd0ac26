// What is known of the elements of values while a file is imported: constants, inputs whose values are given for this run, and what cheap nodes make of
// them. Axes, sizes and weights come from here; the values themselves stay values of the Graph, computed by whoever runs it.
#pragma once
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "ir/graph.h"

namespace verge::formats::onnx {

class Known {
 public:
  explicit Known(const Graph& graph) : graph_(graph) {}

  // The elements of `value`, an input of the graph, are these for this run.
  void give(ValueId value, Tensor tensor) { tensors_[value] = std::move(tensor); }
  // The elements of `value`; nullopt when they depend on what is not given, on much arithmetic or on large inputs.
  std::optional<Tensor> of(ValueId value);
  // Graph inputs whose elements would settle `value`; empty when it is settled, or when inputs alone cannot settle it cheaply: that is data.
  std::vector<ValueId> open_inputs(ValueId value) const;
  // Given inputs that answers were read off.
  const std::set<ValueId>& used() const { return used_; }

 private:
  // The nodes between `value` and what is known already, producers first, and the graph inputs that they start from.
  struct Cone {
    std::vector<NodeId> nodes;
    std::vector<ValueId> open;
    std::vector<ValueId> given;
  };
  std::optional<Cone> cone_of(ValueId value) const;
  bool is_settled(ValueId value) const { return graph_.constant(value) || tensors_.count(value); }
  bool compute(const Node& node);

  const Graph& graph_;
  std::map<ValueId, Tensor> tensors_;
  std::set<ValueId> used_;
};

}  // namespace verge::formats::onnx
