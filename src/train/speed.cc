#include "train/speed.h"

#include <algorithm>

#include "os/clock.h"
#include "train/model_source.h"
#include "train/random.h"
#include "train/remade.h"
#include "train/trainer.h"

namespace verge::train {
namespace {

// A made-up batch: normal numbers, and a class each.
struct MadeUpBatch {
  std::vector<float> input, target;

  MadeUpBatch(Trainer& trainer, const Recipe& recipe) : input(static_cast<size_t>(trainer.input().shape.count())) {
    Random random({recipe.seed, 7});
    for (float& x : input) x = static_cast<float>(random.normal());
    if (recipe.training.reconstruct) return;
    target.resize(static_cast<size_t>(trainer.target().shape.count()));
    const auto classes = static_cast<size_t>(trainer.target().shape.back(0));
    for (size_t row = 0; row < target.size(); row += classes) target[row + random.below(classes)] = 1;
  }

  void copy_to(Trainer& trainer) const {
    std::copy(input.begin(), input.end(), trainer.input().mut<float>());
    if (!target.empty()) std::copy(target.begin(), target.end(), trainer.target().mut<float>());
  }
};

}  // namespace

Result<Json> training_speed(const Recipe& recipe, int threads, double seconds) {
  VERGE_TRY(const Graph imported, network_of(recipe));
  VERGE_TRY(const Graph network, channels_last(imported));
  TrainingOptions options = recipe.training;
  if (recipe.memory_kb > 0) {
    VERGE_TRY(options, fit_into(network, options, static_cast<size_t>(recipe.memory_kb * 1024), threads));
  }
  VERGE_TRY(Trainer trainer, Trainer::create(network, options, threads));
  const MadeUpBatch batch(trainer, recipe);
  std::vector<double> times;
  for (const double end = now_s() + seconds; now_s() < end || times.size() < 3;) {
    const double start = now_s();
    batch.copy_to(trainer);
    VERGE_CHECK(trainer.step(1e-4));
    times.push_back(now_s() - start);
  }
  std::sort(times.begin(), times.end());
  const auto samples = static_cast<double>(recipe.training.batch);
  return Json{{"model", recipe.model}, {"batch", recipe.training.batch}, {"threads", threads}, {"steps", times.size()}, {"samples_per_second", samples / times[times.size() / 2]},
              {"best_samples_per_second", samples / times.front()}, {"memory_bytes", trainer.memory_bytes()}, {"remade_values", options.remade.size()}};
}

}  // namespace verge::train
