#include "train/losses.h"

namespace verge::train {
namespace {

ValueId mean(GraphNodes& n, ValueId v) { return n.add("reduce_mean", {v}, {{"keepdims", int64_t{0}}}, "loss"); }

// (1 - p)^gamma = exp(gamma * log(1 - p)); a p of 1 keeps a millionth.
ValueId focal(GraphNodes& n, ValueId y, ValueId target, double gamma) {
  const ValueId log_p = n.add("log_softmax", {y}, {{"axis", int64_t{-1}}}), left = n.add("sub", {n.number(1), n.add("exp", {log_p})});
  const ValueId focus = n.add("exp", {n.mul(n.add("log", {n.add("clamp", {left}, {{"min", 1e-6}, {"max", 1.0}})}), gamma)});
  const ValueId sum = n.add("reduce_sum", {n.mul(n.mul(target, focus), log_p)}, {{"keepdims", int64_t{0}}});
  return n.add("mul", {sum, n.number(-1 / static_cast<double>(n.graph().type(y).dims[0].size))}, {}, "loss");
}

ValueId huber(GraphNodes& n, ValueId y, ValueId target) {
  const ValueId d = n.add("abs", {n.add("sub", {y, target})}), q = n.add("clamp", {d}, {{"min", 0.0}, {"max", 1.0}});
  return mean(n, n.mul(q, n.add("sub", {d, n.mul(q, 0.5)})));
}

}  // namespace

ValueId add_cross_entropy(GraphNodes& nodes, ValueId y, ValueId target, const std::string& name) { return nodes.add_many("cross_entropy", {y, target}, {}, name, 2)[0]; }

ValueId add_loss(GraphNodes& n, const LossChoice& o, ValueId y, ValueId target) {
  switch (o.loss) {
    case Loss::kCrossEntropy: return add_cross_entropy(n, y, target, "loss");
    case Loss::kFocal: return focal(n, y, target, o.gamma);
    case Loss::kMse:  // the square's slope is one product
      return n.add("mul", {n.sum_of_squares(n.add("sub", {y, target})), n.number(1 / static_cast<double>(n.graph().type(y).shape().count()))}, {}, "loss");
    case Loss::kBinaryCrossEntropy: return mean(n, n.add("sub", {n.add("softplus", {y}), n.mul(y, target)}));
    case Loss::kHuber: return huber(n, y, target);
  }
  return {};
}

}  // namespace verge::train
