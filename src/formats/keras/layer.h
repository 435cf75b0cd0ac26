// One layer on its way into the Graph: what its translator sees of it.
#pragma once
#include <string>
#include <vector>

#include "core/json.h"
#include "ir/graph.h"

namespace verge::formats::keras {

class Layer {
 public:
  Layer(Graph& graph, const Json& config, std::string name, std::vector<ValueId> inputs, std::vector<Tensor> weights)
      : graph_(graph), config_(config), name_(std::move(name)), inputs_(std::move(inputs)), weights_(std::move(weights)) {}

  size_t inputs() const { return inputs_.size(); }
  ValueId in(size_t i = 0) const { return inputs_[i]; }
  TensorType type(ValueId value) const { return graph_.type(value); }

  // Entries of the configuration; what is absent or of another kind is what `otherwise` says.
  bool flag(const char* key, bool otherwise) const;
  double real(const char* key, double otherwise) const;
  int64_t integer(const char* key, int64_t otherwise) const;
  std::string text(const char* key, const std::string& otherwise) const;
  // A list of integers, or one for both axes.
  std::vector<int64_t> integers(const char* key, std::vector<int64_t> otherwise) const;
  const Json& at(const char* key) const;

  // Weight i, as f32.
  Result<Tensor> weight(size_t i, int rank) const;
  size_t weights() const { return weights_.size(); }

  ValueId add(const std::string& op, std::vector<ValueId> inputs, Attrs attrs = {});
  ValueId constant(Tensor tensor) { return graph_.add_constant(std::move(tensor), name_); }
  // The function that a configuration names, on a value.
  Result<ValueId> activated(ValueId x, const Json& activation);

 private:
  Graph& graph_;
  const Json& config_;
  std::string name_;
  std::vector<ValueId> inputs_;
  std::vector<Tensor> weights_;
};

struct LayerRow {
  const char* name;
  Result<ValueId> (*translate)(Layer& layer);
};
// Null for a layer without translation.
const LayerRow* find_layer(const std::string& name);

}  // namespace verge::formats::keras
