// The portable, rich form of a model: SSA values with types, nodes with named attributes. Knows no operator by name (room ops does).
//
// A Graph owns its values and nodes and hands out strong ids that stay valid through edits. Constants are values with a Tensor. Nodes are kept in
// topological order: a node comes after the producers of its inputs. Copies are deep but share constant bytes.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/result.h"
#include "ir/tensor.h"

namespace verge {

template <typename Tag>
struct Id {
  static constexpr uint32_t kNone = 0xffffffff;
  uint32_t index = kNone;
  bool valid() const { return index != kNone; }
  friend bool operator==(Id a, Id b) { return a.index == b.index; }
  friend bool operator<(Id a, Id b) { return a.index < b.index; }
};
using ValueId = Id<struct ValueTag>;  // an invalid id stands for an optional input that is absent
using NodeId = Id<struct NodeTag>;

// One dimension: a size, or a symbol such as "batch" whose size is not known yet.
struct Dim {
  int64_t size = -1;
  std::string symbol;

  Dim() = default;
  Dim(int64_t n) : size(n) {}  // NOLINT: a number is a dimension
  static Dim named(std::string symbol) {
    Dim d;
    d.symbol = std::move(symbol);
    return d;
  }
  bool known() const { return size >= 0; }
  friend bool operator==(const Dim&, const Dim&) = default;
};

struct TensorType {
  DataType dtype = DataType::kNone;
  bool ranked = false;  // false: nothing is known of the shape
  std::vector<Dim> dims;
  QuantParams quant;

  TensorType() = default;
  TensorType(DataType type, const Shape& shape) : dtype(type), ranked(true), dims(shape.dim, shape.dim + shape.rank) {}
  TensorType(DataType type, std::vector<Dim> sizes) : dtype(type), ranked(true), dims(std::move(sizes)) {}
  bool is_static() const;         // every dimension is known
  int rank() const { return static_cast<int>(dims.size()); }
  Shape shape() const;            // requires is_static()
  bool quantized() const { return !quant.empty(); }
  std::string text() const;       // "f32[1,3,N,32]"
  friend bool operator==(const TensorType&, const TensorType&) = default;
};

class Graph;
using Attr = std::variant<int64_t, double, std::string, std::vector<int64_t>, std::vector<double>, std::vector<std::string>, Tensor>;
using Attrs = std::map<std::string, Attr>;

struct Node {
  NodeId id;
  std::string op;
  std::string name;  // as the source model calls it; unique where the source's names are
  std::vector<ValueId> inputs;
  std::vector<ValueId> outputs;
  Attrs attrs;
  std::map<std::string, std::shared_ptr<const Graph>> subgraphs;  // bodies of If, Loop, Scan

  ValueId input(size_t i) const { return i < inputs.size() ? inputs[i] : ValueId{}; }
  ValueId output(size_t i = 0) const { return outputs[i]; }
  bool has(const std::string& attr) const { return attrs.count(attr) != 0; }
  int64_t integer(const std::string& attr, int64_t otherwise = 0) const;
  double real(const std::string& attr, double otherwise = 0) const;
  std::string text(const std::string& attr, const std::string& otherwise = "") const;
  std::vector<int64_t> integers(const std::string& attr, std::vector<int64_t> otherwise = {}) const;
};

struct Value {
  ValueId id;
  std::string name;
  TensorType type;
  NodeId producer;                        // invalid for inputs and constants
  std::shared_ptr<const Tensor> constant;  // set for constants
};

struct NewNode {
  std::string op;
  std::vector<ValueId> inputs;
  Attrs attrs;
  std::string name;
  size_t outputs = 1;
  std::map<std::string, std::shared_ptr<const Graph>> subgraphs;
};

class Graph {
 public:
  std::string name;
  std::map<std::string, std::string> metadata;  // the source's own key-value notes, and Verge's ("verge.labels")

  ValueId add_input(std::string name, TensorType type);
  ValueId add_constant(Tensor tensor, std::string name = "");
  // A value without producer yet; for importers that meet a name before its node, and for patches.
  ValueId add_value(std::string name, TensorType type = {});
  // Appends a node; its output values are made here (types unknown until inference) unless `outputs` names existing values without producer.
  NodeId add_node(NewNode node);
  NodeId add_node(NewNode node, std::vector<ValueId> outputs);
  void add_output(ValueId value, std::string name = "");
  void set_output(size_t i, ValueId value) { outputs_[i].first = value; }

  const std::vector<ValueId>& inputs() const { return inputs_; }
  std::vector<ValueId> outputs() const;
  const std::string& output_name(size_t i) const { return outputs_[i].second; }
  size_t value_count() const { return values_.size(); }
  size_t node_count() const { return nodes_.size(); }  // dead ones too: every NodeId::index is below
  const Value& value(ValueId id) const { return values_[id.index]; }
  Value& value(ValueId id) { return values_[id.index]; }
  const TensorType& type(ValueId id) const { return values_[id.index].type; }
  const Tensor* constant(ValueId id) const { return id.valid() ? values_[id.index].constant.get() : nullptr; }
  const Node& node(NodeId id) const { return nodes_[id.index]; }
  Node& node(NodeId id) { return nodes_[id.index]; }
  const Node* producer(ValueId id) const;
  // Live nodes in topological order.
  const std::vector<NodeId>& order() const { return order_; }
  // Live nodes that read `value`, each once, in order; graph outputs are not nodes (see is_output).
  std::vector<NodeId> users(ValueId value) const;
  // users() of every value at once, for passes that ask often; index by ValueId::index.
  std::vector<std::vector<NodeId>> all_users() const;
  bool is_output(ValueId value) const;
  bool is_input(ValueId value) const;

  // Every reader of `from` (nodes and graph outputs) reads `to` instead. A graph output keeps its name.
  void replace_uses(ValueId from, ValueId to);
  void remove_node(NodeId id);
  // Removes nodes whose outputs nobody reads; returns how many.
  size_t remove_dead();
  // Sorts order() topologically, keeping the present order where it is free. False when there is a cycle.
  bool sort();
  // Structure: ids in range, one producer a value, order topological, outputs exist. Names the node or value that is wrong.
  Result<void> validate() const;
  // A copy without dead nodes and unused values; ids are new.
  Graph compacted() const;

 private:
  std::vector<Value> values_;
  std::vector<Node> nodes_;
  std::vector<NodeId> order_;
  std::vector<ValueId> inputs_;
  std::vector<std::pair<ValueId, std::string>> outputs_;
};

// "node 'conv1' (conv)": how errors name a node.
std::string describe(const Node& node);

}  // namespace verge
