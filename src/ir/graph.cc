#include "ir/graph.h"

#include <algorithm>
#include <set>

#include "core/text.h"

namespace verge {

bool TensorType::is_static() const {
  return ranked && std::all_of(dims.begin(), dims.end(), [](const Dim& d) { return d.known(); });
}

Shape TensorType::shape() const {
  Shape s;
  s.rank = rank();
  for (int i = 0; i < s.rank; ++i) s.dim[i] = static_cast<int32_t>(dims[i].size);
  return s;
}

std::string TensorType::text() const {
  if (!ranked) return std::string(dtype_name(dtype)) + "[?]";
  std::vector<std::string> parts;
  for (const Dim& d : dims) parts.push_back(d.known() ? std::to_string(d.size) : d.symbol.empty() ? "?" : d.symbol);
  return std::string(dtype_name(dtype)) + "[" + join(parts, ",") + "]";
}

int64_t Node::integer(const std::string& attr, int64_t otherwise) const {
  const auto it = attrs.find(attr);
  if (it == attrs.end()) return otherwise;
  if (const auto* v = std::get_if<int64_t>(&it->second)) return *v;
  if (const auto* v = std::get_if<double>(&it->second)) return static_cast<int64_t>(*v);
  return otherwise;
}

double Node::real(const std::string& attr, double otherwise) const {
  const auto it = attrs.find(attr);
  if (it == attrs.end()) return otherwise;
  if (const auto* v = std::get_if<double>(&it->second)) return *v;
  if (const auto* v = std::get_if<int64_t>(&it->second)) return static_cast<double>(*v);
  return otherwise;
}

std::string Node::text(const std::string& attr, const std::string& otherwise) const {
  const auto it = attrs.find(attr);
  const auto* v = it == attrs.end() ? nullptr : std::get_if<std::string>(&it->second);
  return v ? *v : otherwise;
}

std::vector<int64_t> Node::integers(const std::string& attr, std::vector<int64_t> otherwise) const {
  const auto it = attrs.find(attr);
  const auto* v = it == attrs.end() ? nullptr : std::get_if<std::vector<int64_t>>(&it->second);
  return v ? *v : otherwise;
}

ValueId Graph::add_value(std::string value_name, TensorType type) {
  const ValueId id{static_cast<uint32_t>(values_.size())};
  values_.push_back({id, std::move(value_name), std::move(type), {}, nullptr});
  return id;
}

ValueId Graph::add_input(std::string input_name, TensorType type) {
  const ValueId id = add_value(std::move(input_name), std::move(type));
  inputs_.push_back(id);
  return id;
}

ValueId Graph::add_constant(Tensor tensor, std::string constant_name) {
  TensorType type(tensor.dtype(), tensor.shape());
  type.quant = tensor.quant();
  const ValueId id = add_value(std::move(constant_name), std::move(type));
  values_[id.index].constant = std::make_shared<const Tensor>(std::move(tensor));
  return id;
}

NodeId Graph::add_node(NewNode made) {
  std::vector<ValueId> outs;
  for (size_t i = 0; i < made.outputs; ++i) outs.push_back(add_value(made.name.empty() ? "" : made.name + (i ? ":" + std::to_string(i) : "")));
  return add_node(std::move(made), std::move(outs));
}

NodeId Graph::add_node(NewNode made, std::vector<ValueId> outs) {
  const NodeId id{static_cast<uint32_t>(nodes_.size())};
  for (ValueId out : outs)
    if (out.valid()) values_[out.index].producer = id;
  nodes_.push_back({id, std::move(made.op), std::move(made.name), std::move(made.inputs), std::move(outs), std::move(made.attrs), std::move(made.subgraphs)});
  order_.push_back(id);
  return id;
}

void Graph::add_output(ValueId value, std::string output_name) {
  if (output_name.empty()) output_name = values_[value.index].name;
  outputs_.emplace_back(value, std::move(output_name));
}

std::vector<ValueId> Graph::outputs() const {
  std::vector<ValueId> out;
  for (const auto& [value, text] : outputs_) out.push_back(value);
  return out;
}

const Node* Graph::producer(ValueId id) const {
  if (!id.valid() || !values_[id.index].producer.valid()) return nullptr;
  return &nodes_[values_[id.index].producer.index];
}

std::vector<NodeId> Graph::users(ValueId wanted) const {
  std::vector<NodeId> out;
  for (NodeId id : order_) {
    const auto& in = nodes_[id.index].inputs;
    if (std::find(in.begin(), in.end(), wanted) != in.end()) out.push_back(id);
  }
  return out;
}

std::vector<std::vector<NodeId>> Graph::all_users() const {
  std::vector<std::vector<NodeId>> out(values_.size());
  for (NodeId id : order_)
    for (ValueId in : nodes_[id.index].inputs)
      if (in.valid() && (out[in.index].empty() || !(out[in.index].back() == id))) out[in.index].push_back(id);
  return out;
}

bool Graph::is_output(ValueId wanted) const {
  return std::any_of(outputs_.begin(), outputs_.end(), [&](const auto& o) { return o.first == wanted; });
}

bool Graph::is_input(ValueId wanted) const { return std::find(inputs_.begin(), inputs_.end(), wanted) != inputs_.end(); }

void Graph::replace_uses(ValueId from, ValueId to) {
  for (NodeId id : order_)
    for (ValueId& in : nodes_[id.index].inputs)
      if (in == from) in = to;
  for (auto& [value, text] : outputs_)
    if (value == from) value = to;
}

void Graph::remove_node(NodeId id) {
  order_.erase(std::remove(order_.begin(), order_.end(), id), order_.end());
  for (ValueId out : nodes_[id.index].outputs)
    if (out.valid() && values_[out.index].producer == id) values_[out.index].producer = {};
}

size_t Graph::remove_dead() {
  std::vector<bool> wanted(values_.size(), false);
  for (const auto& [value, text] : outputs_) wanted[value.index] = true;
  std::vector<NodeId> kept;
  size_t removed = 0;
  for (size_t i = order_.size(); i-- > 0;) {
    const Node& n = nodes_[order_[i].index];
    const bool live = std::any_of(n.outputs.begin(), n.outputs.end(), [&](ValueId v) { return v.valid() && wanted[v.index]; });
    if (live) {
      for (ValueId in : n.inputs)
        if (in.valid()) wanted[in.index] = true;
      kept.push_back(n.id);
    } else {
      ++removed;
      for (ValueId out : n.outputs)
        if (out.valid() && values_[out.index].producer == n.id) values_[out.index].producer = {};
    }
  }
  order_.assign(kept.rbegin(), kept.rend());
  return removed;
}

bool Graph::sort() {
  std::vector<NodeId> sorted;
  std::vector<uint8_t> state(nodes_.size(), 0);  // 0 not seen, 1 being visited, 2 placed
  std::vector<bool> live(nodes_.size(), false);
  for (NodeId id : order_) live[id.index] = true;
  std::vector<std::pair<NodeId, size_t>> stack;
  for (NodeId root : order_) {
    if (state[root.index] == 2) continue;
    stack.push_back({root, 0});
    state[root.index] = 1;
    while (!stack.empty()) {
      auto& [id, next] = stack.back();
      const Node& n = nodes_[id.index];
      if (next == n.inputs.size()) {
        state[id.index] = 2;
        sorted.push_back(id);
        stack.pop_back();
        continue;
      }
      const ValueId in = n.inputs[next++];
      if (!in.valid()) continue;
      const NodeId from = values_[in.index].producer;
      if (!from.valid() || !live[from.index] || state[from.index] == 2) continue;
      if (state[from.index] == 1) return false;
      state[from.index] = 1;
      stack.push_back({from, 0});
    }
  }
  order_ = std::move(sorted);
  return true;
}

Result<void> Graph::validate() const {
  std::vector<bool> ready(values_.size(), false);
  for (const Value& v : values_)
    if (v.constant) ready[v.id.index] = true;
  for (ValueId in : inputs_) ready[in.index] = true;
  for (NodeId id : order_) {
    const Node& n = nodes_[id.index];
    for (ValueId in : n.inputs) {
      if (!in.valid()) continue;
      if (in.index >= values_.size()) return internal(describe(n) + " reads value " + std::to_string(in.index) + ", which does not exist");
      if (!ready[in.index]) return internal(describe(n) + " reads '" + values_[in.index].name + "' before anything produces it");
    }
    for (ValueId out : n.outputs) {
      if (!out.valid()) continue;
      if (out.index >= values_.size()) return internal(describe(n) + " writes value " + std::to_string(out.index) + ", which does not exist");
      if (ready[out.index]) return internal(describe(n) + " writes '" + values_[out.index].name + "', which has a value already");
      if (!(values_[out.index].producer == id)) return internal(describe(n) + " is not the recorded producer of '" + values_[out.index].name + "'");
      ready[out.index] = true;
    }
  }
  for (const auto& [value, text] : outputs_)
    if (value.index >= values_.size() || !ready[value.index]) return internal("graph output '" + text + "' is never produced");
  return done();
}

Graph Graph::compacted() const {
  Graph source = *this, out;
  source.remove_dead();
  out.name = name;
  out.metadata = metadata;
  std::vector<ValueId> renamed(values_.size());
  const auto carry = [&](ValueId id) {
    if (!id.valid()) return id;
    ValueId& to = renamed[id.index];
    if (!to.valid()) {
      to = out.add_value(source.value(id).name, source.value(id).type);
      out.value(to).constant = source.value(id).constant;
    }
    return to;
  };
  for (ValueId in : inputs_) out.inputs_.push_back(carry(in));
  for (NodeId id : source.order_) {
    const Node& n = source.node(id);
    NewNode made{n.op, {}, n.attrs, n.name, n.outputs.size(), n.subgraphs};
    for (ValueId in : n.inputs) made.inputs.push_back(carry(in));
    std::vector<ValueId> outs;
    for (ValueId v : n.outputs) outs.push_back(carry(v));
    out.add_node(std::move(made), std::move(outs));
  }
  for (const auto& [value, text] : outputs_) out.outputs_.emplace_back(carry(value), text);
  return out;
}

std::string describe(const Node& node) { return "node '" + (node.name.empty() ? "#" + std::to_string(node.id.index) : node.name) + "' (" + node.op + ")"; }

}  // namespace verge
