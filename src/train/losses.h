// Losses as nodes. y: the network's output (logits where the loss has a softmax or sigmoid of its own), target of the same shape; the result is one number.
//
//   cross_entropy          -1/n * sum of target * log softmax(y), n rows
//   focal                  -1/n * sum of target * (1 - p)^gamma * log p, p = softmax(y) (Lin et al. 2017)
//   binary_cross_entropy   the mean of softplus(y) - y * target
//   mse, huber             the mean of d^2; of q (|d| - q / 2), q = min(|d|, 1); d = y - target
#pragma once
#include "train/graph_nodes.h"

namespace verge::train {

enum class Loss : uint8_t { kCrossEntropy, kFocal, kBinaryCrossEntropy, kMse, kHuber };

// Whether it reads what a last softmax reads.
inline bool has_softmax(Loss loss) { return loss == Loss::kCrossEntropy || loss == Loss::kFocal; }

struct LossChoice {
  Loss loss = Loss::kCrossEntropy;
  double gamma = 2;  // of focal
};

ValueId add_loss(GraphNodes& nodes, const LossChoice& options, ValueId y, ValueId target);
ValueId add_cross_entropy(GraphNodes& nodes, ValueId y, ValueId target, const std::string& name);

}  // namespace verge::train
