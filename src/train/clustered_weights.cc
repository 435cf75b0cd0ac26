#include "train/clustered_weights.h"

#include <algorithm>
#include <cstring>

namespace verge::train {
namespace {

size_t nearest(const std::vector<float>& centroids, float w) {
  const auto above = static_cast<size_t>(std::lower_bound(centroids.begin(), centroids.end(), w) - centroids.begin());
  if (above == 0) return 0;
  if (above == centroids.size()) return above - 1;
  return w - centroids[above - 1] <= centroids[above] - w ? above - 1 : above;
}

}  // namespace

ClusteredWeights::ClusteredWeights(std::vector<SparseWeights::Layer> layers, size_t values) {
  constexpr int kRounds = 10;
  for (const SparseWeights::Layer& from : layers) {
    Layer layer{from.weights, {from.weights.begin(), from.weights.end()}, {}, {}};
    const auto [low, high] = std::minmax_element(layer.behind.begin(), layer.behind.end());
    for (size_t i = 0; i < values; ++i) layer.centroids.push_back(*low + (*high - *low) * static_cast<float>(i) / static_cast<float>(values - 1));
    for (int round = 0; round < kRounds; ++round) cluster(layer);
    layers_.push_back(std::move(layer));
  }
}

// Centroids go to the means of what is nearest to them; weights to their centroids.
void ClusteredWeights::cluster(Layer& layer) {
  std::vector<double> sums(layer.centroids.size()), counts(layer.centroids.size());
  std::vector<size_t> of(layer.behind.size());
  for (size_t i = 0; i < of.size(); ++i) {
    of[i] = nearest(layer.centroids, layer.behind[i]);
    sums[of[i]] += static_cast<double>(layer.behind[i]), ++counts[of[i]];
  }
  for (size_t c = 0; c < sums.size(); ++c)
    if (counts[c] > 0) layer.centroids[c] = static_cast<float>(sums[c] / counts[c]);
  for (size_t i = 0; i < of.size(); ++i) layer.weights[i] = layer.centroids[of[i]];
  layer.clustered.assign(layer.weights.begin(), layer.weights.end());
}

void ClusteredWeights::after_step() {
  for (Layer& layer : layers_) {
    for (size_t i = 0; i < layer.behind.size(); ++i) layer.behind[i] += layer.weights[i] - layer.clustered[i];
    cluster(layer);
  }
}

size_t ClusteredWeights::bytes() const {
  size_t n = 0;
  for (const Layer& layer : layers_) n += (layer.behind.size() + layer.centroids.size()) * sizeof(float);
  return n;
}

Bytes ClusteredWeights::state() const {
  Bytes out;
  for (const Layer& layer : layers_)
    for (const std::vector<float>* part : {&layer.behind, &layer.centroids}) {
      const auto* from = reinterpret_cast<const uint8_t*>(part->data());
      out.insert(out.end(), from, from + part->size() * sizeof(float));
    }
  return out;
}

void ClusteredWeights::set_state(ByteSpan state) {
  const uint8_t* from = state.data();
  for (Layer& layer : layers_) {
    for (std::vector<float>* part : {&layer.behind, &layer.centroids}) {
      std::memcpy(part->data(), from, part->size() * sizeof(float));
      from += part->size() * sizeof(float);
    }
    layer.clustered.assign(layer.weights.begin(), layer.weights.end());
  }
}

}  // namespace verge::train
