// What learns where memory is short: the parameters that promise most for a byte (Lin et al. 2022, "On-Device Training Under 256KB Memory").
#pragma once
#include "core/json.h"
#include "train/training_graph.h"

namespace verge::train {

struct Candidate {
  ValueId constant;  // in the network
  std::string name;
  double promise = 0;  // in any unit
};

struct SparseChoice {
  std::set<uint32_t> trained;  // for TrainingOptions::trained_constants
  size_t inference_bytes = 0;  // of a session that only runs the network, for one sample
  size_t training_bytes = 0;   // of a session that trains the choice
  Json report;                 // both, and every candidate with its shape and promise; in the order of choice, with the bytes that each added
};

// Again and again what promises most for the bytes that it adds, as long as a training session takes at most `most_bytes` more than inference. `deployed`: the
// network as it runs; `options`: of the training that is to come. kBudget when nothing fits.
Result<SparseChoice> choose_sparse(const Graph& network, const Graph& deployed, const TrainingOptions& options, std::vector<Candidate> candidates, size_t most_bytes);

}  // namespace verge::train
