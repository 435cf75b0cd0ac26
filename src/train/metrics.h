// How good a classifier's answers are beyond its hits.
//
//   top5                the share of samples whose class is among the five largest outputs; of more than five classes
//   auc                 the area under the receiver operating characteristic, each class against the others, the mean over those that occur
//   eer                 the equal error rate: the threshold where as large a share of a class's samples is missed as of the others is taken for it; the mean as for auc
//   calibration_error   the mean over 15 ranges of the largest probability of |hits - probability|, by their samples (Guo et al. 2017)
#pragma once
#include <span>
#include <vector>

#include "core/json.h"

namespace verge::train {

// outputs [samples, classes], logits (a softmax is taken) or probabilities; labels [samples].
Json classifier_metrics(std::span<const float> outputs, std::span<const int> labels, bool logits);

}  // namespace verge::train
