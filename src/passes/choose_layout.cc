// Images are stored channels last, and everything else in whichever order costs the fewest transposed bytes: one decision for the whole graph.
//
//   x: f32[1,3,8,8]                           t = transpose x {perm=[0, 2, 3, 1]}
//   a = conv x w                              a = conv t w {layout="nhwc"}
//   b = relu a                           ->   b = relu a
//   c = concat a b {axis=1}                   c = concat a b {axis=3}
//   d = reduce_mean c {axes=[2, 3]}           d = reduce_mean c {axes=[1, 2]}
//   out d                                     out d
//
// Every value that images reach has two orders to choose from: `last`, which makes channels the fastest dimension, and `first`, in which the source means it
// (or, beyond a transpose of the source's own, the other way round). A node that can work in either order chooses one for all that it reads and writes; images'
// operators must choose `last`, and what no order can be carried through takes the source's. A value costs its bytes where its producer and a reader choose
// differently, or nothing when only dimensions of size 1 move. The least sum is a minimum cut.
#include <algorithm>

#include "ops/op.h"
#include "passes/flat_dense.h"
#include "passes/layout_rewrite.h"
#include "passes/min_cut.h"
#include "passes/pipelines.h"

namespace verge::passes {
namespace {

const Order kToLast{0, 2, 3, 1}, kToFirst{0, 3, 1, 2};

struct Orders {
  Order last, first;
  friend bool operator==(const Orders&, const Orders&) = default;
};

struct Choice {
  std::optional<Placement> last, first;  // `first` is absent where channels must be last
  int vertex = -1;
};

class Chooser {
 public:
  explicit Chooser(const Graph& graph) : g_(graph), users_(graph.all_users()), values_(graph.value_count()), nodes_(graph.node_count()) {}

  // By NodeId::index; none: the node stays as it is.
  std::vector<std::optional<Placement>> run() {
    for (const NodeId id : g_.order())
      if (wants_channels_last(g_, g_.node(id))) claim(g_.node(id), {kToLast, {}});
    for (const NodeId id : g_.order()) claim_turn(g_.node(id));
    for (size_t i = 0; i < reached_.size(); ++i) spread(reached_[i]);
    for (const NodeId id : g_.order()) add_vertex(nodes_[id.index]);
    for (const ValueId v : reached_) add_edges(v);
    const std::vector<bool> last = cut_.source_side();
    std::vector<std::optional<Placement>> out(g_.node_count());
    for (const NodeId id : g_.order())
      if (auto& choice = nodes_[id.index]) out[id.index] = last[choice->vertex] ? std::move(choice->last) : std::move(choice->first);
    return out;
  }

 private:
  // The node takes part, in these orders (`first` empty: it has none); its values learn theirs.
  void claim(const Node& node, const Orders& orders) {
    Choice choice;
    choice.last = place(g_, node, orders.last);
    if (!orders.first.empty()) choice.first = place(g_, node, orders.first);
    if (!choice.last || (!choice.first && !orders.first.empty())) return;
    for (size_t i = 0; i < node.inputs.size(); ++i) learn(node.inputs[i], side(choice, true, i));
    for (size_t i = 0; i < node.outputs.size(); ++i) learn(node.outputs[i], side(choice, false, i));
    nodes_[node.id.index] = std::move(choice);
  }

  // A transpose of the source's own between an operator that has its channels last already and what has them first.
  void claim_turn(const Node& node) {
    const bool is_turn = node.op == "transpose" && !nodes_[node.id.index];
    if (!is_turn) return;
    const Order turn = to_order(node.integers("perm"));
    const auto& users = users_[node.output().index];
    if (turn == kToFirst && comes_channels_last(node.input(0))) claim(node, {plain_order(4), kToFirst});
    if (turn == kToLast && std::any_of(users.begin(), users.end(), [&](NodeId id) { return has_channels_last(g_.node(id)); })) claim(node, {kToLast, plain_order(4)});
  }
  static Order to_order(const std::vector<int64_t>& perm) { return {perm.begin(), perm.end()}; }
  // Directly, or through pointwise operators.
  bool comes_channels_last(ValueId v) const {
    const Node* from = g_.producer(v);
    while (from && from->inputs.size() == 1 && !has_channels_last(*from)) {
      const ops::OpDef* def = ops::find_op(from->op);
      const std::string family = def ? def->family : "";
      if (family != "unary" && family != "quantize" && family != "cast" && family != "table") return false;
      from = g_.producer(from->input(0));
    }
    return from && has_channels_last(*from);
  }
  static bool has_channels_last(const Node& node) { return node.text("layout") == "nhwc"; }

  // What a node wants of, or makes of, one of its values.
  static Orders side(const Choice& choice, bool input, size_t i) {
    const Order& last = (input ? choice.last->in : choice.last->out)[i];
    if (!choice.first) return {last, plain_order(static_cast<int>(last.size()))};
    return {last, (input ? choice.first->in : choice.first->out)[i]};
  }

  void learn(ValueId v, Orders orders) {
    if (!v.valid() || g_.constant(v) || values_[v.index] || orders.last == orders.first || orders.last.size() != g_.type(v).dims.size()) return;
    values_[v.index] = std::move(orders);
    reached_.push_back(v);
  }

  // From a value to the nodes on either side that nobody reached before.
  void spread(ValueId v) {
    const Orders orders = *values_[v.index];
    if (const Node* from = g_.producer(v); from && !nodes_[from->id.index]) {
      const size_t i = place_of(from->outputs, v);
      claim_both(*from, order_from_output(g_, *from, i, orders.last), order_from_output(g_, *from, i, orders.first));
    }
    for (const NodeId id : users_[v.index]) {
      const Node& user = g_.node(id);
      if (nodes_[id.index]) continue;
      const size_t i = place_of(user.inputs, v);
      claim_both(user, order_from_input(g_, user, i, orders.last), order_from_input(g_, user, i, orders.first));
    }
  }
  void claim_both(const Node& node, const std::optional<Order>& last, const std::optional<Order>& first) {
    if (last && first) claim(node, {*last, *first});
  }
  static size_t place_of(const std::vector<ValueId>& list, ValueId v) { return static_cast<size_t>(std::find(list.begin(), list.end(), v) - list.begin()); }

  void add_vertex(std::optional<Choice>& choice) {
    if (!choice) return;
    choice->vertex = cut_.add_vertex();
    if (!choice->first) cut_.add_edge(MinCut::kSource, choice->vertex, MinCut::kNever);
  }

  // The vertex that decides the order of `v` at this node: the node's own, or for one that takes the source's order the side where that is. -1: either side
  // costs the same.
  int decides(const Node* node, bool input, ValueId v) const {
    const Orders& orders = *values_[v.index];
    const auto& choice = node ? nodes_[node->id.index] : std::nullopt;
    if (choice) return side(*choice, input, place_of(input ? node->inputs : node->outputs, v)) == orders ? choice->vertex : -1;
    return is_plain(orders.last) ? MinCut::kSource : is_plain(orders.first) ? MinCut::kSink : -1;
  }

  void add_edges(ValueId v) {
    const TensorType& type = g_.type(v);
    if (!differ(type.dims, values_[v.index]->last, values_[v.index]->first)) return;
    std::vector<int> readers;
    for (const NodeId id : users_[v.index])
      if (!is_flattened_into_dense(g_, g_.node(id))) readers.push_back(decides(&g_.node(id), true, v));
    if (g_.is_output(v)) readers.push_back(decides(nullptr, true, v));
    const int made = decides(g_.producer(v), false, v);
    if (made < 0) return;
    int64_t count = 1;
    for (const Dim& d : type.dims) count *= d.known() ? std::max<int64_t>(d.size, 1) : 1;
    const auto cost = static_cast<int64_t>(dtype_bytes(type.dtype, static_cast<size_t>(count)));
    const int to_first = cut_.add_vertex(), to_last = cut_.add_vertex();
    cut_.add_edge(made, to_first, cost);
    cut_.add_edge(to_last, made, cost);
    for (const int reader : readers) {
      if (reader < 0) continue;
      cut_.add_edge(to_first, reader, MinCut::kNever);
      cut_.add_edge(reader, to_last, MinCut::kNever);
    }
  }

  const Graph& g_;
  const std::vector<std::vector<NodeId>> users_;
  std::vector<std::optional<Orders>> values_;  // by ValueId::index
  std::vector<std::optional<Choice>> nodes_;   // by NodeId::index
  std::vector<ValueId> reached_;
  MinCut cut_;
};

}  // namespace

Result<size_t> choose_layout(Graph& graph) {
  const auto placements = Chooser(graph).run();
  const auto changes = static_cast<size_t>(std::count_if(placements.begin(), placements.end(), [](const auto& p) { return p.has_value(); }));
  if (changes) graph = rewritten(graph, placements);
  return changes;
}

}  // namespace verge::passes
