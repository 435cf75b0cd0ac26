// One training step as a Graph: forward, loss, gradient and update, with the parameters, statistics and the optimiser's states as mutable tensors.
#pragma once
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "ir/graph.h"
#include "lower/lower.h"
#include "train/gradient.h"
#include "train/losses.h"
#include "train/optimisers.h"

namespace verge::train {

// How samples arrive: bytes that the step itself makes x = (byte - mean) / std of, channels last; or floats.
struct InputOptions {
  bool bytes = false;
  std::vector<float> mean = {0}, std = {1};  // one number, or one a channel
};

// x -> s * round(clamp(x / s, low, high)), s = exp(scale): a scale that is learned never loses its sign. The rounding's slope is taken as 1.
struct Rounding {
  ValueId scale;  // constant of the network: one number, or one a channel in a shape that spreads over x
  double low = 0, high = 0;
  bool fixed = false;  // the constant is s itself, and does not learn
  bool binary = false;  // -s or s, nothing between: low is -1, high 1
};

// A trained network whose softened answers are learned beside the labels (Hinton et al. 2015):
//   loss = (1 - weight) * cross_entropy(y, target) + weight * temperature^2 * cross_entropy(y / temperature, softmax(teacher / temperature))
struct Teacher {
  std::shared_ptr<const Graph> network;  // takes the samples that the network takes, and gives a number for each class; null: none
  InputOptions input;
  std::vector<int64_t> classes;  // for each class of the data, which of the teacher's numbers stands for it; empty: the same order
  double temperature = 3, weight = 0.7;
};

// Weights learn by what a product of two thin matrices adds to them (LoRA, Hu et al. 2021): w + scale * left right, left [outputs, rank] zeros at first, right
// [rank, inputs of one]. What is deployed are the sums. Where any are asked for, other parameters learn only if `trained` names them.
struct Adapters {
  int64_t rank = 0;  // 0: none
  double scale = 1;
};

struct TrainingOptions : LossChoice, OptimizerOptions {
  int64_t batch = 64;
  InputOptions input;
  Teacher teacher;
  bool reconstruct = false;  // the target is the input
  int64_t accumulate = 1;    // batches whose mean gradient makes one update
  double dropout = 0;        // the share of what the last layer reads that is zero, another share in each step; the rest grows by 1 / (1 - dropout)
  Adapters adapters;
  uint64_t seed = 0;         // of dropout and adapters
  double decay = 0;          // of weights of convolutions and dense layers; other parameters do not decay
  double clip_norm = 0;      // of all gradients together; 0: none
  double ema = 0;            // of the parameters, per step; 0: none
  std::map<uint32_t, Rounding> rounding;  // of inputs, weights and outputs of nodes, by ValueId::index in the network
  double norm_momentum = 0.1;  // of batch normalisation's new statistics
  std::vector<std::string> frozen;  // parameters whose name begins with one of these stay as they are
  // Only these learn: kinds ("biases", "norms": batch normalisation, "head": the last layer) or how a name begins; empty: all. The scales of roundings learn
  // only where all does.
  std::vector<std::string> trained;
  RemadeValues remade;  // of the training graph's forward pass; see train/remade.h
  std::set<uint32_t> trained_constants;  // and of these only those constants of the network, by ValueId::index; empty: all
};

// A constant of the network that training changes, and the states that hold it.
struct Parameter {
  ValueId constant;     // in the network
  size_t state = 0;     // index into TrainingGraph::states
  int average = -1;     // the same of its moving average
  bool weight = false;  // of a convolution, dense layer or matrix product: not a bias, not of a normalisation
  int moments = -1;     // as `state`, of the optimiser's first state; its second follows
  std::string name;
};

struct Adapter {
  ValueId constant;            // of the network
  size_t left = 0, right = 0;  // indices into TrainingGraph::states
  double scale = 1;
};

// Inputs of the Program: input, dropout (where there is any: factors of what the last layer reads), target (unless reconstruct), phase (where batches are
// accumulated: 1 to add to the sum and 0 to begin anew, above 0 to update), schedule [rate, 1 / (1 - beta1^t), 1 / sqrt(1 - beta2^t)]. Outputs: loss, the network's output.
struct TrainingGraph {
  Graph graph;
  std::vector<StateBinding> states;
  std::vector<Parameter> parameters;
  std::vector<Adapter> adapters;
  size_t forward_nodes = 0;  // the first of the graph's order: network and loss
};

// `network`: static but for its batch, channels last, one float input whose first dimension is the batch, one output. kUnsupported names what has no
// derivative or no trainable form.
Result<TrainingGraph> make_training_graph(const Graph& network, const TrainingOptions& options);

// Gives every value's first dimension that came from the input's a new size; the types are inferred again.
Result<void> set_batch(Graph& graph, int64_t batch);

}  // namespace verge::train
