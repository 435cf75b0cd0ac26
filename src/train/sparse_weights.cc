#include "train/sparse_weights.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace verge::train {
namespace {

// The mean square of each block: [panels of outputs][inputs].
std::vector<double> squares(const SparseWeights::Layer& layer, size_t block) {
  const size_t k = layer.inputs, outputs = layer.weights.size() / k;
  std::vector<double> out((outputs + block - 1) / block * k);
  for (size_t o = 0; o < outputs; ++o)
    for (size_t i = 0; i < k; ++i) {
      const double w = static_cast<double>(layer.weights[o * k + i]);
      out[o / block * k + i] += w * w / static_cast<double>(std::min(block, outputs - o / block * block));
    }
  return out;
}

// Of each block of a layer, as the header has it.
std::vector<double> scores(const std::vector<double>& squares) {
  std::vector<size_t> order(squares.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return squares[a] > squares[b]; });
  std::vector<double> out(squares.size());
  double sum = 0;
  for (const size_t i : order) {
    sum += squares[i];
    out[i] = squares[i] > 0 ? squares[i] / sum : 0;
  }
  return out;
}

}  // namespace

double sparsity_at(const Sparsity& s, double progress) {
  const double t = std::clamp((progress - s.begin) / std::max(1e-9, s.end - s.begin), 0.0, 1.0);
  return s.share * (1 - std::pow(1 - t, 3));
}

void SparseWeights::before_step() {
  zero_.clear();
  for (const Layer& layer : layers_)
    for (const float w : layer.weights) zero_.push_back(w == 0);
}

void SparseWeights::after_step() {
  auto zero = zero_.begin();
  for (const Layer& layer : layers_)
    for (float& w : layer.weights)
      if (*zero++) w = 0;
}

void SparseWeights::prune(double share) {
  std::vector<std::vector<double>> of;
  std::vector<double> all;
  for (const Layer& layer : layers_) {
    of.push_back(scores(squares(layer, block_)));
    all.insert(all.end(), of.back().begin(), of.back().end());
  }
  const auto count = static_cast<size_t>(share * static_cast<double>(all.size()));
  if (count == 0 || count >= all.size()) return;
  std::nth_element(all.begin(), all.begin() + static_cast<ptrdiff_t>(count), all.end());
  const double least = all[count];
  for (size_t l = 0; l < layers_.size(); ++l) {
    const size_t k = layers_[l].inputs;
    for (size_t i = 0; i < layers_[l].weights.size(); ++i)
      if (of[l][i / k / block_ * k + i % k] < least) layers_[l].weights[i] = 0;
  }
}

double SparseWeights::share() const {
  size_t zeros = 0, all = 0;
  for (const Layer& layer : layers_) {
    zeros += static_cast<size_t>(std::count(layer.weights.begin(), layer.weights.end(), 0.0F));
    all += layer.weights.size();
  }
  return all ? static_cast<double>(zeros) / static_cast<double>(all) : 0;
}

}  // namespace verge::train
