// Single weights that become zero while a network trains, and stay zero.
//
//   which:  those of least w^2 / (sum of v^2 over the layer's weights v with |v| >= |w|), all layers together: what a weight adds to its layer, so that
//           small layers keep their share (LAMP, Lee et al. 2021)
//   when:   the share of zeros follows share * (1 - (1 - t)^3), t from 0 at `begin` to 1 at `end` of the run (Zhu and Gupta 2017)
#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace verge::train {

struct Sparsity {
  double share = 0;            // of the weights of convolutions and dense layers that are zero in the end; 0: none
  double begin = 0, end = 0.5; // shares of the run
};

// The share of zeros at a point of the run, 0..1.
double sparsity_at(const Sparsity& sparsity, double progress);

class SparseWeights {
 public:
  // One span a layer, into the trainer's memory.
  explicit SparseWeights(std::vector<std::span<float>> layers) : layers_(std::move(layers)) {}

  // Around each step: what is zero before is zero after it.
  void before_step();
  void after_step();
  // Makes zeros until `share` of all weights are zero; never fewer than there are.
  void prune(double share);
  double share() const;  // of zeros now

 private:
  std::vector<std::span<float>> layers_;
  std::vector<uint8_t> zero_;  // of all layers, one after the other
};

}  // namespace verge::train
