// An edit of a Graph as a value: new nodes and constants, and which values they replace. A rule proposes it, the driver applies it.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "ir/graph.h"

namespace verge {

class Patch {
 public:
  explicit Patch(const Graph& graph) : first_(static_cast<uint32_t>(graph.value_count())), next_(first_) {}
  // Every reader of `from` reads `to` instead, and nothing else changes.
  static Patch replace(const Graph& graph, ValueId from, ValueId to) {
    Patch p(graph);
    p.replace(from, to);
    return p;
  }

  // A new node with one output; the returned id is good inside this patch and in the graph after apply().
  ValueId add(std::string op, std::vector<ValueId> inputs, Attrs attrs = {}, std::string name = "");
  // A new node with several outputs.
  std::vector<ValueId> add_many(NewNode node);
  ValueId constant(Tensor tensor, std::string name = "");
  // A value that this patch adds takes name and type of the one it replaces: it holds what the source model's value of that name holds.
  void replace(ValueId from, ValueId to) { replacements_.emplace_back(from, to); }
  // Sets the quantisation (and element type) of a value that this patch adds and that replaces none, where inference alone cannot know it.
  void set_type(ValueId value, TensorType type) { types_.emplace_back(value, std::move(type)); }

  const std::vector<std::pair<ValueId, ValueId>>& replacements() const { return replacements_; }

  // Edits `graph`, removes what nobody reads any more and sorts. The patch must have been made for this very graph.
  void apply(Graph& graph) const;

 private:
  struct Step {
    std::optional<Tensor> constant;
    NewNode node;
    std::vector<ValueId> outputs;
  };
  void replace_old_readers(Graph& graph, ValueId from, ValueId to) const;

  bool adds(ValueId value) const { return value.index >= first_; }

  uint32_t first_;  // values of the graph as it was
  uint32_t next_;
  std::vector<Step> steps_;
  std::vector<std::pair<ValueId, ValueId>> replacements_;
  std::vector<std::pair<ValueId, TensorType>> types_;
};

}  // namespace verge
