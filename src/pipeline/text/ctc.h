// Connectionist temporal classification: from the scores of every step to a text. Repeated labels become one, then the blank ones go
// (Graves et al., 2006; prefix beam search as in Hannun et al., 2014).
#pragma once
#include <span>
#include <vector>

#include "core/result.h"
#include "pipeline/declaration.h"

namespace verge::text {

struct Transcript {
  std::vector<int> labels;
  double log_probability = 0;  // of the best path (beam 1), or of all paths that the beam kept for these labels
};

// scores [steps, classes], row by row: logits or logarithms of probabilities, or probabilities. kInvalidArgument where they are no whole steps or the
// blank is no class.
Result<Transcript> ctc_decode(std::span<const float> scores, size_t classes, const TranscriptSteps& steps);

}  // namespace verge::text
