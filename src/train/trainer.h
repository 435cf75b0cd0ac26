// Training steps on one Program: parameters, statistics and the optimiser's states live in its mutable tensors.
#pragma once
#include "lower/executable.h"
#include "train/sparse_weights.h"
#include "train/training_graph.h"

namespace verge::train {

class Trainer {
 public:
  static Result<Trainer> create(const Graph& network, const TrainingOptions& options, int threads);

  // Where the next batch goes: [batch, ...], bytes or floats as the options say; and [batch, ...] f32. No target when the network gives back its input.
  const TensorView& input() { return executable_.session().input(0); }
  const TensorView& target() { return executable_.session().input(options_.dropout > 0 ? 2 : 1); }
  // One step on what lies there; the loss. Both are gone after it.
  Result<float> step(double rate);
  // The network's output for the batch of the last step, before its update.
  const TensorView& output() { return executable_.session().output(1); }

  int64_t steps() const { return steps_; }
  // The network with the parameters as they are now, or with their moving averages where the options ask for them.
  Graph trained() const;

  // The weights of each layer where the steps change them.
  std::vector<SparseWeights::Layer> weights();
  // After steps of Adam whose betas are `beta` and nearly 1: for each parameter the sum over its elements of (sum g)^2 / sum g^2 - 1, where that is above 0.
  // g: the steps' gradients. A pull that every step agrees on counts steps - 1, chance counts nothing.
  std::vector<std::pair<Parameter, double>> consistency(double beta) const;

  // Everything that lives from step to step: what a checkpoint holds.
  Bytes state() const;
  // kInvalidArgument for a state of another network or optimiser.
  Result<void> set_state(ByteSpan state, int64_t steps);

  size_t memory_bytes() const { return executable_.model().session_bytes(); }
  const rt::Model& model() const { return executable_.model(); }
  rt::Session& session() { return executable_.session(); }

 private:
  void drop_out();
  const TensorView& state_view(size_t state) const { return const_cast<Executable&>(executable_).session().tensor(tensors_[state]); }

  Trainer(Graph network, TrainingOptions options, TrainingGraph graph, std::vector<uint32_t> tensors, Executable executable)
      : network_(std::move(network)), options_(std::move(options)), parameters_(std::move(graph.parameters)), adapters_(std::move(graph.adapters)), tensors_(std::move(tensors)), executable_(std::move(executable)) {}

  Graph network_;
  TrainingOptions options_;
  std::vector<Parameter> parameters_;
  std::vector<Adapter> adapters_;
  std::vector<uint32_t> tensors_;  // the Program's tensor of each state
  Executable executable_;
  int64_t steps_ = 0;
};

// The network behind the normalisation that training does on bytes, for samples as training reads them.
Result<Graph> with_normalisation(const Graph& network, const InputOptions& input);

}  // namespace verge::train
