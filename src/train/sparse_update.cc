#include "train/sparse_update.h"

#include <algorithm>
#include <limits>

#include "core/text.h"
#include "passes/pipelines.h"
#include "train/trainer.h"

namespace verge::train {
namespace {

Result<size_t> inference_bytes(Graph deployed) {
  VERGE_CHECK(set_batch(deployed, 1));
  VERGE_CHECK(passes::prepare(deployed));
  VERGE_TRY(const Lowered lowered, lower(deployed));
  VERGE_TRY(const Executable executable, Executable::open(lowered.program));
  return executable.model().session_bytes();
}

Result<size_t> training_bytes(const Graph& network, TrainingOptions options, const std::set<uint32_t>& trained) {
  options.trained_constants = trained;
  VERGE_TRY(const Trainer trainer, Trainer::create(network, options, 1));
  return trainer.memory_bytes();
}

Json shape_of(const Graph& network, ValueId constant) {
  Json out = Json::array();
  for (const Dim& d : network.type(constant).dims) out.push_back(d.size);
  return out;
}

class Chooser {
 public:
  Chooser(const Graph& network, const TrainingOptions& options, std::vector<Candidate> candidates) : network_(network), o_(options), left_(std::move(candidates)) {}

  Result<SparseChoice> run(const Graph& deployed, size_t most_bytes) {
    VERGE_TRY(out_.inference_bytes, inference_bytes(deployed));
    limit_ = out_.inference_bytes + most_bytes;
    out_.training_bytes = out_.inference_bytes;
    for (bool chosen = true; chosen;) {
      VERGE_TRY(chosen, choose_one());
    }
    if (out_.trained.empty())
      return Error(Code::kBudget, format("training the least parameter takes %.0f KB beyond inference, \"sparse_update_kb\" allows %.0f; a smaller \"batch\" takes less",
                                         (static_cast<double>(least_) - static_cast<double>(out_.inference_bytes)) / 1024, static_cast<double>(most_bytes) / 1024));
    for (const Candidate& c : left_) describe(c);
    out_.report = {{"inference_bytes", out_.inference_bytes}, {"training_bytes", out_.training_bytes}, {"candidates", described_}};
    return std::move(out_);
  }

 private:
  Result<bool> choose_one() {
    size_t best = left_.size(), best_bytes = 0;
    double most = 0;
    for (size_t i = 0; i < left_.size(); ++i) {
      std::set<uint32_t> more = out_.trained;
      more.insert(left_[i].constant.index);
      VERGE_TRY(const size_t bytes, training_bytes(network_, o_, more));
      least_ = std::min(least_, bytes);
      const double worth = left_[i].promise / static_cast<double>(std::max<size_t>(kLeastBytes, bytes > out_.training_bytes ? bytes - out_.training_bytes : 0));
      if (bytes <= limit_ && worth > most) best = i, best_bytes = bytes, most = worth;
    }
    if (best == left_.size()) return false;
    describe(left_[best])["added_bytes"] = static_cast<int64_t>(best_bytes) - static_cast<int64_t>(out_.training_bytes);
    out_.trained.insert(left_[best].constant.index);
    out_.training_bytes = best_bytes;
    left_.erase(left_.begin() + static_cast<int64_t>(best));
    return true;
  }

  Json& describe(const Candidate& c) {
    described_.push_back({{"name", c.name}, {"shape", shape_of(network_, c.constant)}, {"promise", c.promise}});
    return described_.back();
  }

  static constexpr size_t kLeastBytes = 256;  // what a plan rounds away is not free
  const Graph& network_;
  const TrainingOptions& o_;
  std::vector<Candidate> left_;
  SparseChoice out_;
  Json described_ = Json::array();
  size_t limit_ = 0, least_ = std::numeric_limits<size_t>::max();
};

}  // namespace

Result<SparseChoice> choose_sparse(const Graph& network, const Graph& deployed, const TrainingOptions& options, std::vector<Candidate> candidates, size_t most_bytes) {
  return Chooser(network, options, std::move(candidates)).run(deployed, most_bytes);
}

}  // namespace verge::train
