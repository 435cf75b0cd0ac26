#include "quant/narrow_weights.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

namespace verge {
namespace {

struct Grid {
  double low, high;
  double round(double x) const { return std::clamp(std::nearbyint(x), low, high); }
};

double least_squares_step(std::span<const float> row, const Grid& grid) {
  constexpr int kTries = 80;
  double largest = 0, best = 1, least = std::numeric_limits<double>::infinity();
  for (float x : row) largest = std::max(largest, std::fabs(static_cast<double>(x)));
  for (int i = 0; i < kTries && largest > 0; ++i) {
    const double step = largest * (1 - 0.75 * i / kTries) / grid.high;
    double loss = 0;
    for (float x : row) loss += std::pow(x - step * grid.round(x / step), 2);
    if (loss >= least) continue;
    least = loss;
    best = step;
  }
  return best;
}

// One output channel, taps x inputs, in steps.
class Channel {
 public:
  Channel(std::span<const float> row, double step, const Grid& grid, size_t inputs) : grid_(grid), inputs_(inputs) {
    for (float x : row) {
      q_.push_back(grid.round(x / step));
      error_.push_back(q_.back() - x / step);
    }
  }

  void cancel() {
    for (size_t k = 0; k < inputs_; ++k) {
      std::vector<size_t> kernel;
      for (size_t i = k; i < q_.size(); i += inputs_) kernel.push_back(i);
      cancel_sum(kernel, kernel);
    }
    std::vector<size_t> whole(q_.size());
    std::iota(whole.begin(), whole.end(), size_t{0});
    cancel_sum(whole, one_a_kernel(sum(whole)));
  }
  const std::vector<double>& integers() const { return q_; }

 private:
  double sum(const std::vector<size_t>& elements) const {
    double out = 0;
    for (size_t i : elements) out += error_[i];
    return out;
  }

  // Of each kernel the element whose error does most for the sum.
  std::vector<size_t> one_a_kernel(double total) const {
    std::vector<size_t> out;
    for (size_t k = 0; k < inputs_ && k < q_.size(); ++k) {
      size_t best = k;
      for (size_t i = k; i < q_.size(); i += inputs_)
        if (std::copysign(1, total) * (error_[i] - error_[best]) > 0) best = i;
      out.push_back(best);
    }
    return out;
  }

  // Rounds as many of `candidates` to their other side as the sum over `elements` is steps long.
  void cancel_sum(const std::vector<size_t>& elements, std::vector<size_t> candidates) {
    const double total = sum(elements), sign = std::copysign(1, total);
    auto wanted = static_cast<size_t>(std::nearbyint(std::fabs(total)));
    std::stable_sort(candidates.begin(), candidates.end(), [&](size_t a, size_t b) { return sign * error_[a] > sign * error_[b]; });
    for (size_t i : candidates) {
      const double other = q_[i] - sign;
      if (wanted == 0 || sign * error_[i] <= 0) return;
      if (other < grid_.low || other > grid_.high) continue;
      q_[i] = other;
      error_[i] -= sign;
      --wanted;
    }
  }

  const Grid& grid_;
  size_t inputs_;
  std::vector<double> q_, error_;
};

}  // namespace

Tensor narrow_weights(const Tensor& w, int bits) {
  const Grid grid{-static_cast<double>(1 << (bits - 1)), static_cast<double>((1 << (bits - 1)) - 1)};
  const auto channels = static_cast<size_t>(w.shape()[0]), inputs = static_cast<size_t>(w.shape()[w.shape().rank - 1]),
             size = static_cast<size_t>(w.count()) / channels;
  QuantParams quant{std::vector<float>(channels), std::vector<int32_t>(channels, 0), 0};
  Tensor out(DataType::kI8, w.shape());
  for (size_t c = 0; c < channels; ++c) {
    const std::span<const float> row = w.values<float>().subspan(c * size, size);
    const double step = least_squares_step(row, grid);
    Channel channel(row, step, grid, inputs);
    channel.cancel();
    quant.scale[c] = static_cast<float>(step);
    for (size_t i = 0; i < size; ++i) out.mut<int8_t>()[c * size + i] = static_cast<int8_t>(channel.integers()[i]);
  }
  out.set_quant(std::move(quant));
  return out;
}

}  // namespace verge
