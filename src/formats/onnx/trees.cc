#include "formats/onnx/trees.h"

#include <algorithm>
#include <map>

namespace verge::formats::onnx {
namespace {

constexpr int64_t kMostElements = int64_t{1} << 26;  // of all the matrices of sides

using Key = std::pair<int64_t, int64_t>;  // tree, node

// Where a node of the file lies: which tree, and which node within it.
struct Place {
  size_t tree, node;
};

Result<std::map<Key, Place>> places_of(NodeContext& c, Ensemble& out) {
  const std::vector<int64_t> trees = c.integers("nodes_treeids"), nodes = c.integers("nodes_nodeids");
  if (trees.empty() || trees.size() != nodes.size())
    return c.damaged("nodes_treeids and nodes_nodeids have " + std::to_string(trees.size()) + " and " + std::to_string(nodes.size()) + " numbers");
  std::map<int64_t, size_t> tree_of;
  std::map<Key, Place> places;
  for (size_t i = 0; i < trees.size(); ++i) {
    const size_t tree = tree_of.try_emplace(trees[i], tree_of.size()).first->second;
    if (tree == out.trees.size()) out.trees.emplace_back();
    if (!places.emplace(Key{trees[i], nodes[i]}, Place{tree, out.trees[tree].nodes.size()}).second)
      return c.damaged("tree " + std::to_string(trees[i]) + " has node " + std::to_string(nodes[i]) + " twice");
    out.trees[tree].nodes.emplace_back();
  }
  return places;
}

Result<void> read_nodes(NodeContext& c, const std::map<Key, Place>& places, Ensemble& out) {
  const std::vector<int64_t> trees = c.integers("nodes_treeids"), nodes = c.integers("nodes_nodeids"), features = c.integers("nodes_featureids"),
                             if_true = c.integers("nodes_truenodeids"), if_false = c.integers("nodes_falsenodeids"),
                             missing = c.integers("nodes_missing_value_tracks_true");
  const std::vector<double> values = c.reals("nodes_values");
  const std::vector<std::string> modes = c.texts("nodes_modes");
  const size_t n = trees.size();
  if (features.size() != n || if_true.size() != n || if_false.size() != n || values.size() != n || modes.size() != n ||
      (!missing.empty() && missing.size() != n))
    return c.damaged("the attributes nodes_* differ in length");
  for (size_t i = 0; i < n; ++i) {
    const Place at = places.at({trees[i], nodes[i]});
    TreeNode& node = out.trees[at.tree].nodes[at.node];
    node = {modes[i], features[i], values[i], !missing.empty() && missing[i] != 0, 0, 0};
    if (node.mode == "LEAF") continue;
    const auto yes = places.find({trees[i], if_true[i]}), no = places.find({trees[i], if_false[i]});
    if (yes == places.end() || no == places.end())
      return c.damaged("node " + std::to_string(nodes[i]) + " of tree " + std::to_string(trees[i]) + " leads to a node that is not there");
    node.if_true = yes->second.node;
    node.if_false = no->second.node;
  }
  return done();
}

Result<void> read_weights(NodeContext& c, const std::string& kind, const std::map<Key, Place>& places, Ensemble& out) {
  const std::vector<int64_t> trees = c.integers(kind + "_treeids"), nodes = c.integers(kind + "_nodeids"), ids = c.integers(kind + "_ids");
  const std::vector<double> weights = c.reals(kind + "_weights");
  if (trees.size() != nodes.size() || trees.size() != ids.size() || trees.size() != weights.size())
    return c.damaged("the attributes " + kind + "_* differ in length");
  for (size_t i = 0; i < trees.size(); ++i) {
    const auto at = places.find({trees[i], nodes[i]});
    if (at == places.end() || ids[i] < 0 || ids[i] >= out.targets)
      return c.damaged(kind + "_ids has " + std::to_string(ids[i]) + " for a node or a target that is not there");
    out.trees[at->second.tree].weights.push_back({at->second.node, ids[i], weights[i]});
  }
  return done();
}

// The way from the root to a leaf: nodes, and 1 for the true side, -1 for the false side.
struct Leaf {
  size_t node;
  std::vector<std::pair<size_t, int>> turns;
};

Result<std::vector<Leaf>> leaves_of(NodeContext& c, const Tree& tree) {
  std::vector<Leaf> leaves, open = {{0, {}}};
  std::vector<bool> seen(tree.nodes.size());
  while (!open.empty()) {
    Leaf at = std::move(open.back());
    open.pop_back();
    if (seen[at.node]) return c.damaged("a tree has a node with two ways to it");
    seen[at.node] = true;
    const TreeNode& node = tree.nodes[at.node];
    if (node.mode == "LEAF") {
      leaves.push_back(std::move(at));
      continue;
    }
    Leaf other = at;
    at.turns.emplace_back(at.node, 1), at.node = node.if_true;
    other.turns.emplace_back(other.node, -1), other.node = node.if_false;
    open.push_back(std::move(other));
    open.push_back(std::move(at));
  }
  return leaves;
}

// The constants of the formula in the header; trees with fewer nodes or leaves than the largest have some that nothing reaches.
struct Matrices {
  int32_t trees = 0, nodes = 1, leaves = 1;
  Tensor features, values, missing, sides, turns, weights;
};

void place_branches(const Tree& tree, int32_t t, Matrices& m, std::vector<int32_t>& branch_of) {
  int32_t next = 0;
  for (size_t i = 0; i < tree.nodes.size(); ++i) {
    if (tree.nodes[i].mode == "LEAF") continue;
    const int32_t at = t * m.nodes + next;
    branch_of[i] = next++;
    m.features.mut<int64_t>()[at] = tree.nodes[i].feature;
    m.values.mut<float>()[at] = static_cast<float>(tree.nodes[i].value);
    m.missing.mut<float>()[at] = tree.nodes[i].missing_goes_true;
  }
}

void place_leaves(const Tree& tree, const std::vector<Leaf>& leaves, int32_t t, const std::vector<int32_t>& branch_of, int64_t targets, Matrices& m) {
  std::vector<int32_t> leaf_of(tree.nodes.size(), -1);
  const int64_t row = int64_t{m.trees} * m.leaves;
  for (size_t l = 0; l < leaves.size(); ++l) {
    leaf_of[leaves[l].node] = t * m.leaves + static_cast<int32_t>(l);
    float& turns = m.turns.mut<float>()[leaf_of[leaves[l].node]];
    turns = 0;
    for (const auto& [node, side] : leaves[l].turns) {
      m.sides.mut<float>()[(int64_t{t} * m.nodes + branch_of[node]) * m.leaves + static_cast<int64_t>(l)] = static_cast<float>(side);
      turns += side > 0;
    }
  }
  for (const LeafWeight& w : tree.weights)
    if (leaf_of[w.node] >= 0 && w.target < targets) m.weights.mut<float>()[w.target * row + leaf_of[w.node]] += static_cast<float>(w.weight);
}

Result<Matrices> matrices_of(NodeContext& c, const Ensemble& e) {
  Matrices m;
  std::vector<std::vector<Leaf>> leaves;
  for (const Tree& tree : e.trees) {
    VERGE_TRY(std::vector<Leaf> of_tree, leaves_of(c, tree));
    m.nodes = std::max<int32_t>(m.nodes, static_cast<int32_t>(tree.nodes.size() - std::min(of_tree.size(), tree.nodes.size())));
    m.leaves = std::max<int32_t>(m.leaves, static_cast<int32_t>(of_tree.size()));
    leaves.push_back(std::move(of_tree));
  }
  m.trees = static_cast<int32_t>(e.trees.size());
  if (int64_t{m.trees} * m.nodes * m.leaves > kMostElements)
    return c.refuse(
        "an ensemble of " + std::to_string(m.trees) + " trees with up to " + std::to_string(m.leaves) + " leaves becomes matrices of more than 2^26 elements",
        "train with fewer leaves (max_depth, max_leaf_nodes)");
  m.features = Tensor(DataType::kI64, {m.trees * m.nodes});
  m.values = Tensor(DataType::kF32, {m.trees * m.nodes});
  m.missing = Tensor(DataType::kF32, {m.trees * m.nodes});
  m.sides = Tensor(DataType::kF32, {m.trees, m.nodes, m.leaves});
  m.turns = Tensor(DataType::kF32, {m.trees, 1, m.leaves});
  m.weights = Tensor(DataType::kF32, {static_cast<int32_t>(e.targets), m.trees * m.leaves});
  for (float& v : m.turns.mut<float>()) v = -1;  // never reached: no sum of no sides is below 0
  for (int32_t t = 0; t < m.trees; ++t) {
    std::vector<int32_t> branch_of(e.trees[static_cast<size_t>(t)].nodes.size(), -1);
    place_branches(e.trees[static_cast<size_t>(t)], t, m, branch_of);
    place_leaves(e.trees[static_cast<size_t>(t)], leaves[static_cast<size_t>(t)], t, branch_of, e.targets, m);
  }
  return m;
}

// The one comparison that all branches make.
Result<std::string> mode_of(NodeContext& c, const Ensemble& e) {
  std::string mode;
  for (const Tree& tree : e.trees)
    for (const TreeNode& node : tree.nodes) {
      if (node.mode == "LEAF") continue;
      if (!mode.empty() && mode != node.mode) return c.refuse("branches of modes " + mode + " and " + node.mode + " in one ensemble");
      mode = node.mode;
    }
  return mode.empty() ? "BRANCH_LEQ" : mode;
}

Result<ValueId> compared(NodeContext& c, const std::string& mode, ValueId x, ValueId value) {
  static const std::map<std::string, const char*> kOps = {{"BRANCH_LEQ", "less_equal"}, {"BRANCH_LT", "less"},  {"BRANCH_GTE", "greater_equal"},
                                                          {"BRANCH_GT", "greater"},     {"BRANCH_EQ", "equal"}, {"BRANCH_NEQ", "equal"}};
  const auto found = kOps.find(mode);
  if (found == kOps.end()) return c.refuse("branches of mode " + mode);
  const ValueId taken = c.add(found->second, {x, value});
  return mode == "BRANCH_NEQ" ? c.add("not", {taken}) : taken;
}

ValueId as_f32(NodeContext& c, ValueId value) { return c.add("cast", {value}, {{"to", std::string("f32")}}); }

}  // namespace

Result<Ensemble> read_ensemble(NodeContext& c, const std::string& kind, int64_t targets) {
  for (const char* attr : {"nodes_values_as_tensor", "nodes_hitrates_as_tensor", "base_values_as_tensor"})
    if (c.tensor(attr)) return c.refuse(std::string(attr) + ": thresholds in double", "export with float inputs");
  Ensemble out;
  out.targets = targets;
  VERGE_TRY(const auto places, places_of(c, out));
  VERGE_CHECK(read_nodes(c, places, out));
  VERGE_CHECK(read_weights(c, kind, places, out));
  return out;
}

Result<ValueId> add_ensemble(NodeContext& c, ValueId x, const Ensemble& e) {
  VERGE_TRY(const std::string mode, mode_of(c, e));
  VERGE_TRY(Matrices m, matrices_of(c, e));
  const bool missing = std::any_of(m.missing.values<float>().begin(), m.missing.values<float>().end(), [](float v) { return v != 0; });
  const ValueId of_node = c.add("gather", {x, c.constant(m.features, "features")}, {{"axis", int64_t{1}}});
  VERGE_TRY(const ValueId taken, compared(c, mode, of_node, c.constant(m.values, "values")));
  ValueId points = as_f32(c, taken);
  if (missing) points = c.add("maximum", {points, c.add("mul", {as_f32(c, c.add("is_nan", {of_node})), c.constant(m.missing, "missing")})});
  const ValueId by_tree = c.add("reshape", {points}, {{"shape", std::vector<int64_t>{-1, m.trees, m.nodes}}});
  const ValueId trees_first = c.add("transpose", {by_tree}, {{"perm", std::vector<int64_t>{1, 0, 2}}});
  const ValueId sums = c.add("matmul", {trees_first, c.constant(m.sides, "sides")});
  const ValueId reached = as_f32(c, c.add("equal", {sums, c.constant(m.turns, "turns")}));
  const ValueId batch_first = c.add("transpose", {reached}, {{"perm", std::vector<int64_t>{1, 0, 2}}});
  const ValueId flat = c.add("reshape", {batch_first}, {{"shape", std::vector<int64_t>{-1, m.trees * m.leaves}}});
  return c.add("dense", {flat, c.constant(m.weights, "weights")});
}

}  // namespace verge::formats::onnx
