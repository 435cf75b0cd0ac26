// Tree ensembles of ai.onnx.ml as comparisons and products of matrices, which every executor has.
//
//   taken[t, n]  = x[feature of node n of tree t] compared with its value             (0 or 1)
//   reached[t, l] = sum over n of taken[t, n] * side[t, n, l] == turns[t, l]          side: 1 where l lies on the true side of n, -1 on the false side
//   y[k]         = sum over t, l of reached[t, l] * weight[t, l, k]
//
// A leaf is reached when every node above it points its way: the sum of sides is then the number of turns to the true side, and less everywhere else.
#pragma once
#include <string>
#include <vector>

#include "formats/onnx/node_context.h"

namespace verge::formats::onnx {

struct TreeNode {
  std::string mode;  // BRANCH_LEQ, BRANCH_LT, BRANCH_GTE, BRANCH_GT, BRANCH_EQ, BRANCH_NEQ or LEAF
  int64_t feature = 0;
  double value = 0;
  bool missing_goes_true = false;    // not a number takes the true side
  size_t if_true = 0, if_false = 0;  // indices within the tree
};
struct LeafWeight {
  size_t node = 0;
  int64_t target = 0;
  double weight = 0;
};
struct Tree {
  std::vector<TreeNode> nodes;  // the root first
  std::vector<LeafWeight> weights;
};
struct Ensemble {
  std::vector<Tree> trees;
  int64_t targets = 0;
};

// The attributes nodes_* and KIND_* (KIND: target or class) of TreeEnsembleRegressor and TreeEnsembleClassifier.
Result<Ensemble> read_ensemble(NodeContext& c, const std::string& kind, int64_t targets);

// [batch, targets] f32 from x [batch, features] f32. Refuses ensembles whose matrices would be absurdly large.
Result<ValueId> add_ensemble(NodeContext& c, ValueId x, const Ensemble& ensemble);

}  // namespace verge::formats::onnx
