// A training run as data: the YAML file that `verge train` reads (docs/training.md).
#pragma once
#include <string>

#include "core/json.h"
#include "train/augment.h"
#include "train/networks.h"
#include "train/prune_network.h"
#include "train/quantised.h"
#include "train/sparse_weights.h"
#include "train/training_graph.h"

namespace verge::train {

enum class Schedule : uint8_t { kConstant, kCosine, kOneCycle, kStep };

// Pictures as another camera or light would give them: byte -> gain * byte + shift, kept within a byte.
struct Drift {
  double gain = 1, shift = 0;
  double replay = 0;          // share of the training samples that come as they were before
  bool any() const { return gain != 1 || shift != 0; }
};

struct Recipe {
  std::string model;          // an architecture's name, or a model file
  bool fold = false;          // a file's batch normalisation goes into its weights first, as deployed
  bool normalise = false;     // convolutions get a batch normalisation, that changes nothing at first (train/normalised.h)
  double rescale = 1;         // of a file: it takes inputs this much smaller, its first weights are as much larger
  int weight_bits = 0;        // quantisation-aware training with weights of so many bits; 0: none
  int activation_bits = 8;
  int end_bits = 8;           // of the first and the last layer
  FewLevels few_levels = FewLevels::kNo;  // of the other layers' weights, instead of bits
  double mixup = 0;           // samples are blended in twos by a share of the beta distribution with these parameters; 0: none
  int64_t clusters = 0;       // values that each layer's weights share; 0: any
  PruneOptions prune;
  Sparsity sparsity;
  bool compress = false;      // the package's Program is entropy coded
  std::string teacher;        // a model file; none: empty
  Drift drift;
  double memory_kb = 0;       // of a training session; the batch shrinks until it fits; 0: any
  double sparse_update_kb = 0;  // what training may take beyond inference: as much learns as fits; 0: all
  NetworkOptions network;
  TrainingOptions training;
  double smoothing = 0;       // of the labels
  double balance = 0;         // a class's samples weigh as the power -balance of their share of the data; 1: all classes alike
  Augmentation augmentation;
  double rate = 0.1;
  Schedule schedule = Schedule::kCosine;
  double warmup = 0;          // share of the run with a rising rate
  std::vector<double> milestones;  // of kStep: shares of the run after which the rate is multiplied by gamma
  double gamma = 0.1;
  int64_t epochs = 10;
  uint64_t seed = 0;
  double validation = 0.1;    // share of the data that judges, where no other data do
  bool skip_damaged = false;
  Json source;                // as read, for the report and the package
};

// kInvalidArgument names the key, what was found and what is wanted.
Result<Recipe> parse_recipe(const std::string& yaml, const std::string& file);

// The rate at a point of the run, 0..1.
//   one_cycle: from rate / 25 up to rate in `warmup` (0.3 unless given), then down to rate / 250,000, both along a cosine (Smith and Topin 2017)
//   cosine:    from rate down to 0 after a linear warm-up
double rate_at(const Recipe& recipe, double progress);

}  // namespace verge::train
