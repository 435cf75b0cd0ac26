#include "passes/layout_rewrite.h"

#include <algorithm>

namespace verge::passes {
namespace {

bool plain_perm(const std::vector<int64_t>& perm) { return std::is_sorted(perm.begin(), perm.end()); }

// The dimensions of `v` with ones put before them up to `rank`.
std::vector<Dim> widened(const std::vector<Dim>& dims, size_t rank) {
  std::vector<Dim> out(rank - dims.size(), Dim(1));
  out.insert(out.end(), dims.begin(), dims.end());
  return out;
}

Shape shape_of(const std::vector<Dim>& dims) { return TensorType(DataType::kF32, dims).shape(); }

class Rewriter {
 public:
  Rewriter(const Graph& graph, const std::vector<std::optional<Placement>>& placements) : from_(graph), placements_(placements), stored_(graph.value_count()) {}

  Graph run() {
    to_.name = from_.name;
    to_.metadata = from_.metadata;
    for (const ValueId in : from_.inputs()) keep(in, plain_of(in), to_.add_input(from_.value(in).name, from_.type(in)));
    for (const NodeId id : from_.order()) add(from_.node(id));
    for (size_t i = 0; i < from_.outputs().size(); ++i) to_.add_output(wanted(from_.outputs()[i], {}), from_.output_name(i));
    return std::move(to_);
  }

 private:
  struct Stored {
    Order order;
    ValueId value;  // in the new graph
  };

  Order plain_of(ValueId v) const { return plain_order(from_.type(v).rank()); }
  void keep(ValueId v, Order order, ValueId made) { stored_[v.index].push_back({std::move(order), made}); }

  void add(const Node& node) {
    const auto& placement = placements_[node.id.index];
    Placement as_is{node.attrs, std::vector<Order>(node.inputs.size()), std::vector<Order>(node.outputs.size())};
    const Placement& p = placement ? *placement : as_is;
    std::vector<ValueId> in, out;
    for (size_t i = 0; i < node.inputs.size(); ++i) in.push_back(node.inputs[i].valid() ? wanted(node.inputs[i], p.in[i]) : ValueId());
    if (placement && node.op == "transpose" && plain_perm(std::get<std::vector<int64_t>>(p.attrs.at("perm")))) return keep(node.output(), p.out[0], in[0]);
    for (size_t i = 0; i < node.outputs.size(); ++i) out.push_back(node.outputs[i].valid() ? made(node.outputs[i], p.out[i]) : ValueId());
    NewNode copy{node.op, std::move(in), p.attrs, node.name, node.outputs.size(), node.subgraphs};
    if (!p.out.empty() && !is_plain(p.out[0])) copy.attrs["order"] = std::vector<int64_t>(p.out[0].begin(), p.out[0].end());
    to_.add_node(std::move(copy), std::move(out));
  }

  ValueId made(ValueId v, const Order& order) {
    const Order stored = order.empty() ? plain_of(v) : order;
    TensorType type = from_.type(v);
    type.dims = stored_dims(type.dims, stored);
    const ValueId out = to_.add_value(from_.value(v).name, std::move(type));
    keep(v, stored, out);
    return out;
  }

  // `v` in an order (empty: its own), made where it is not there yet.
  ValueId wanted(ValueId v, const Order& order) {
    const size_t rank = from_.type(v).dims.size();
    const bool broadcasts = order.size() > rank;
    const Order target = order.empty() || (broadcasts && count_is_one(v)) ? plain_of(v) : order;
    for (const Stored& s : stored_[v.index])
      if (s.order == target) return s.value;
    const ValueId made = from_.constant(v) ? constant(v, target) : target.size() > rank ? widened_in(v, target) : turned(v, target);
    keep(v, target, made);
    return made;
  }

  bool count_is_one(ValueId v) const {
    const auto& dims = from_.type(v).dims;
    return std::all_of(dims.begin(), dims.end(), [](const Dim& d) { return d == Dim(1); });
  }

  // Leading dimensions of size 1 that only broadcasting added are dropped again.
  ValueId constant(ValueId v, const Order& order) {
    const Tensor& tensor = *from_.constant(v);
    Tensor out = tensor;
    out.set_quant(from_.type(v).quant);
    if (!is_plain(order)) {
      std::vector<Dim> dims = widened(from_.type(v).dims, order.size());
      Tensor wide = tensor.reshaped(shape_of(dims));
      QuantParams quant = from_.type(v).quant;
      if (quant.axis >= 0) quant.axis += static_cast<int32_t>(order.size() - from_.type(v).dims.size());
      wide.set_quant(std::move(quant));
      out = transposed(wide, std::vector<int64_t>(order.begin(), order.end()));
      if (order.size() > from_.type(v).dims.size()) out = without_leading_ones(out);
    }
    return to_.add_constant(std::move(out), from_.value(v).name);
  }

  static Tensor without_leading_ones(const Tensor& tensor) {
    Shape shape;
    int from = 0;
    while (from < tensor.shape().rank && tensor.shape()[from] == 1) ++from;
    for (int i = from; i < tensor.shape().rank; ++i) shape.dim[shape.rank++] = tensor.shape()[i];
    Tensor out = tensor.reshaped(shape);
    QuantParams quant = tensor.quant();
    if (quant.axis >= 0) quant.axis -= from;
    out.set_quant(std::move(quant));
    return out;
  }

  ValueId turned(ValueId v, const Order& order) {
    const Stored source = stored_[v.index].front();
    return transpose(v, source.value, from_.type(v).dims, source.order, order);
  }

  // A value of lower rank first gets the ones that broadcasting would put before it.
  ValueId widened_in(ValueId v, const Order& order) {
    TensorType type = from_.type(v);
    type.dims = widened(type.dims, order.size());
    std::vector<int64_t> shape;
    for (const Dim& d : type.dims) shape.push_back(d.known() ? d.size : -1);
    const std::vector<Dim> dims = type.dims;
    const ValueId wide = add_node("reshape", {wanted(v, {})}, {{"shape", shape}}, v, std::move(type));
    return is_plain(order) ? wide : transpose(v, wide, dims, plain_order(static_cast<int>(order.size())), order);
  }

  ValueId transpose(ValueId v, ValueId source, const std::vector<Dim>& dims, const Order& from, const Order& to) {
    TensorType type = from_.type(v);
    type.dims = stored_dims(dims, to);
    Attrs attrs{{"perm", transpose_between(from, to)}};
    if (!is_plain(to)) attrs["order"] = std::vector<int64_t>(to.begin(), to.end());
    return add_node("transpose", {source}, std::move(attrs), v, std::move(type));
  }

  ValueId add_node(const char* op, std::vector<ValueId> in, Attrs attrs, ValueId v, TensorType type) {
    const std::string& name = from_.value(v).name;
    const ValueId out = to_.add_value(name, std::move(type));
    to_.add_node({op, std::move(in), std::move(attrs), name, 1, {}}, {out});
    return out;
  }

  const Graph& from_;
  const std::vector<std::optional<Placement>>& placements_;
  Graph to_;
  std::vector<std::vector<Stored>> stored_;  // by ValueId::index of the old graph
};

}  // namespace

Graph rewritten(const Graph& graph, const std::vector<std::optional<Placement>>& placements) { return Rewriter(graph, placements).run(); }

}  // namespace verge::passes
