// Weights that share a few values a layer while a network trains: each is the nearest of its layer's centroids, the step's change goes to a weight of full
// precision behind it (straight through), and centroids are the means of theirs (Han et al. 2016, with the forward pass clustered from the first step on).
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "core/bytes.h"
#include "train/sparse_weights.h"

namespace verge::train {

class ClusteredWeights {
 public:
  // Layers' weights become clustered at once. `values`: how many each layer has; at least 2.
  ClusteredWeights(std::vector<SparseWeights::Layer> layers, size_t values);

  // After each step: the weights of full precision move as these did, then these are clustered anew.
  void after_step();

  // What stands behind the weights, for a checkpoint; bytes() of it.
  Bytes state() const;
  void set_state(ByteSpan state);
  size_t bytes() const;

 private:
  struct Layer {
    std::span<float> weights;
    std::vector<float> behind;     // of full precision
    std::vector<float> clustered;  // as they were before the step
    std::vector<float> centroids;  // in order
  };
  static void cluster(Layer& layer);

  std::vector<Layer> layers_;
};

}  // namespace verge::train
