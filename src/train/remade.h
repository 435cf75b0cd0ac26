// Training in less memory: which values of the forward pass are made once more in the backward pass instead of being kept for it.
#pragma once
#include "train/training_graph.h"

namespace verge::train {

// The options with as many remade values as a session of at most `most_bytes` needs: what costs the least time for its bytes first, where the most is
// alive at once. As many as help where no choice is small enough; the same options where all values may be kept.
Result<TrainingOptions> fit_into(const Graph& network, TrainingOptions options, size_t most_bytes, int threads);

}  // namespace verge::train
