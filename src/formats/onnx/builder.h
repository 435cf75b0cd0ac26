// Grows the Graph while a file is imported: types are inferred node by node, nodes that read constants alone are computed at once, and the elements of
// shape arithmetic are followed (contents.h). So a translation that needs a number finds it, however many nodes the exporter spent on it.
#pragma once
#include <cstddef>
#include <map>
#include <optional>
#include <vector>

#include "formats/onnx/contents.h"
#include "formats/onnx/known.h"
#include "ir/graph.h"
#include "ops/op.h"

namespace verge::formats::onnx {

class Builder {
 public:
  // `computed_bytes`: how much memory constants may take that the file does not hold; beyond it nodes stay nodes.
  Builder(Graph& graph, size_t computed_bytes) : graph_(graph), known_(graph), computed_bytes_left_(computed_bytes) {}
  Graph& graph() { return graph_; }
  const Graph& graph() const { return graph_; }

  // Adds a node (or its result, when it can be computed). `types`: element type and quantisation of each output, where inference alone cannot know them.
  // kUnsupported when this build has no such operator or a value would be absurdly large, kInvalidArgument when the operator refuses its inputs.
  Result<std::vector<ValueId>> add(NewNode node, const std::vector<TensorType>& types = {});

  // The elements of `value`, numbers or not; nullopt when nothing is known.
  std::optional<Contents> contents(ValueId value) const;
  Known& known() { return known_; }
  // Takes `bytes` of what such constants may take; false, and nothing taken, where less is left.
  bool reserve(double bytes) {
    if (!(bytes <= static_cast<double>(computed_bytes_left_))) return false;
    computed_bytes_left_ -= static_cast<size_t>(bytes);
    return true;
  }

 private:
  std::optional<std::vector<Tensor>> computed(const NewNode& node, const std::vector<TensorType>& types);

  Graph& graph_;
  Known known_;
  size_t computed_bytes_left_;
  std::map<ValueId, Contents> contents_;
};

}  // namespace verge::formats::onnx
