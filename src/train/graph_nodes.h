// Grows a Graph whose types are static: each node's types are inferred when it is added. The first error stays; what is added after it has no meaning.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "ir/graph.h"

namespace verge::train {

class GraphNodes {
 public:
  explicit GraphNodes(Graph& graph) : graph_(graph) {}

  ValueId add(const std::string& op, std::vector<ValueId> inputs, Attrs attrs = {}, const std::string& name = "") {
    return add_many(op, std::move(inputs), std::move(attrs), name.empty() ? op : name, 1)[0];
  }
  std::vector<ValueId> add_many(const std::string& op, std::vector<ValueId> inputs, Attrs attrs, const std::string& name, size_t outputs);
  ValueId number(double value) { return graph_.add_constant(Tensor::scalar(static_cast<float>(value))); }
  ValueId mul(ValueId a, ValueId b) { return add("mul", {a, b}); }
  ValueId mul(ValueId a, double b) { return mul(a, number(b)); }
  // a * share + b * (1 - share)
  ValueId blend(ValueId a, ValueId b, double share) { return add("add", {mul(a, share), mul(b, 1 - share)}); }
  ValueId sum_of_squares(ValueId v) { return add("reduce_sum_square", {v}, {{"keepdims", int64_t{0}}}); }

  Graph& graph() { return graph_; }
  const Result<void>& error() const { return error_; }

 private:
  Graph& graph_;
  Result<void> error_;
};

}  // namespace verge::train
