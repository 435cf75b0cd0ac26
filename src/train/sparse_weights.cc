#include "train/sparse_weights.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace verge::train {
namespace {

// Of each weight of a layer, as the header has it.
std::vector<double> scores(std::span<const float> w) {
  std::vector<size_t> order(w.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return std::fabs(w[a]) > std::fabs(w[b]) || (std::fabs(w[a]) == std::fabs(w[b]) && a < b); });
  std::vector<double> out(w.size());
  double sum = 0;
  for (const size_t i : order) {
    const double square = static_cast<double>(w[i]) * static_cast<double>(w[i]);
    sum += square;
    out[i] = square > 0 ? square / sum : 0;
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
  for (const std::span<float> layer : layers_)
    for (const float w : layer) zero_.push_back(w == 0);
}

void SparseWeights::after_step() {
  auto zero = zero_.begin();
  for (const std::span<float> layer : layers_)
    for (float& w : layer)
      if (*zero++) w = 0;
}

void SparseWeights::prune(double share) {
  std::vector<double> all;
  for (const std::span<float> layer : layers_) {
    const std::vector<double> of = scores(layer);
    all.insert(all.end(), of.begin(), of.end());
  }
  const auto count = static_cast<size_t>(share * static_cast<double>(all.size()));
  if (count == 0 || count >= all.size()) return;
  std::vector<double> sorted = all;
  std::nth_element(sorted.begin(), sorted.begin() + static_cast<ptrdiff_t>(count), sorted.end());
  const double least = sorted[count];
  auto score = all.begin();
  for (const std::span<float> layer : layers_)
    for (float& w : layer)
      if (*score++ < least) w = 0;
}

double SparseWeights::share() const {
  size_t zeros = 0, all = 0;
  for (const std::span<float> layer : layers_) {
    zeros += static_cast<size_t>(std::count(layer.begin(), layer.end(), 0.0F));
    all += layer.size();
  }
  return all ? static_cast<double>(zeros) / static_cast<double>(all) : 0;
}

}  // namespace verge::train
