// Single weights that become zero while a network trains, and stay zero.
//
//   which:  those of least w^2 / (sum of v^2 over the layer's weights v with |v| >= |w|), all layers together: what a weight adds to its layer, so that
//           small layers keep their share (LAMP, Lee et al. 2021); of blocks, the mean of w^2 stands for w^2
//   when:   the share of zeros follows share * (1 - (1 - t)^3), t from 0 at `begin` to 1 at `end` of the run (Zhu and Gupta 2017)
#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace verge::train {

struct Sparsity {
  double share = 0;            // of the weights of convolutions and dense layers that are zero in the end; 0: none
  double begin = 0, end = 0.5; // shares of the run
  size_t block = 1;            // outputs that become zero together in the weights of one input; 16: what kernels leave out (kernels/sparse)
};

// The share of zeros at a point of the run, 0..1.
double sparsity_at(const Sparsity& sparsity, double progress);

class SparseWeights {
 public:
  struct Layer {
    std::span<float> weights;  // [outputs][inputs of one], in the trainer's memory
    size_t inputs = 1;
  };
  explicit SparseWeights(std::vector<Layer> layers, size_t block = 1) : layers_(std::move(layers)), block_(block) {}

  // Around each step: what is zero before is zero after it.
  void before_step();
  void after_step();
  // Makes blocks zero until about `share` of all weights are; what is zero stays.
  void prune(double share);
  double share() const;  // of zeros now

 private:
  std::vector<Layer> layers_;
  size_t block_;
  std::vector<uint8_t> zero_;  // of all layers, one after the other
};

}  // namespace verge::train
