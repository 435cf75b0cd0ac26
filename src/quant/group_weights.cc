#include "quant/group_weights.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

namespace verge {
namespace {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Vector = Eigen::VectorXd;

struct Grid {
  double scale = 1, zero = 0, most = 15;
  double q(double w) const { return std::clamp(std::nearbyint(w / scale + zero), 0.0, most); }
  double real(double w) const { return scale * (q(w) - zero); }
};

Grid extremes(const Vector& w, double most) {
  const double low = std::min(0.0, w.minCoeff()), high = std::max(0.0, w.maxCoeff());
  if (high == low) return {1, 0, most};
  Grid out{(high - low) / most, 0, most};
  out.zero = std::nearbyint(-low / out.scale);
  return out;
}

double squared_error(const Grid& g, const Vector& w) {
  double sum = 0;
  for (const double x : w) sum += std::pow(g.real(x) - x, 2);
  return sum;
}

// Half-quadratic steps on the zero: e = shrink(w - real), zero = mean(q - (w - e) / scale).
Grid half_quadratic(const Vector& w, Grid grid) {
  constexpr int kSteps = 20;
  constexpr double kPower = 0.7;
  double beta = 10;
  Grid best = grid;
  for (int step = 0; step < kSteps; ++step, beta *= 1.01) {
    double sum = 0;
    for (const double x : w) {
      const double error = x - grid.real(x), size = std::fabs(error) / grid.scale;
      const double kept = std::max(0.0, size - std::pow(std::max(size, 1e-9), kPower - 1) / beta) * grid.scale;
      sum += grid.q(x) - (x - std::copysign(kept, error)) / grid.scale;
    }
    grid.zero = sum / static_cast<double>(w.size());
    if (squared_error(grid, w) < squared_error(best, w)) best = grid;
  }
  return best;
}

// The best of some narrower ranges, each with its zero.
Grid fitted(const Vector& w, double most) {
  const Grid whole = extremes(w, most);
  Grid best = half_quadratic(w, whole);
  for (double keep = 0.98; keep > 0.7; keep -= 0.02) {
    Grid narrow = whole;
    narrow.scale *= keep;
    narrow.zero = whole.zero / keep - (1 / keep - 1) * most / 2;
    narrow = half_quadratic(w, narrow);
    if (squared_error(narrow, w) < squared_error(best, w)) best = narrow;
  }
  return best;
}

// Upper triangular U with U^T U = the inverse of `square`.
Matrix inverse_cholesky(const Matrix& square) {
  const Eigen::LLT<Matrix> backwards(square.reverse());
  const Matrix upper = Matrix(backwards.matrixL()).reverse();
  return upper.triangularView<Eigen::Upper>().solve(Matrix::Identity(square.rows(), square.cols()));
}

class Rounding {
 public:
  Rounding(const Tensor& weights, GroupMethod method, const GroupOptions& options)
      : method_(method), o_(options), n_(weights.shape()[0]), k_(weights.shape()[1]), groups_((k_ + o_.group - 1) / o_.group), weights_(n_, k_) {
    for (int64_t i = 0; i < n_ * k_; ++i) weights_(i / k_, i % k_) = weights.at(i);
    out_.q = Tensor(DataType::kU8, weights.shape());
    out_.group = o_.group;
    out_.scale = Tensor(DataType::kF32, {static_cast<int32_t>(n_), static_cast<int32_t>(groups_)});
    out_.zero = Tensor(DataType::kF32, out_.scale.shape());
  }

  GroupWeights plain() {
    for (int64_t o = 0; o < n_; ++o)
      for (int64_t g = 0; g < groups_; ++g) {
        const Grid grid = begin_group(o, g, weights_.row(o));
        for (int64_t i = g * o_.group; i < end(g); ++i) set(o, i, grid.q(weights_(o, i)));
      }
    return std::move(out_);
  }

  GroupWeights spreading(Matrix square) {
    square.diagonal().array() += std::max(o_.damping * square.diagonal().mean(), 1e-12);
    const Matrix factor = inverse_cholesky(square);
    for (int64_t o = 0; o < n_; ++o) {
      Vector row = weights_.row(o).transpose();
      Grid grid;
      for (int64_t i = 0; i < k_; ++i) {
        if (i % o_.group == 0) grid = begin_group(o, i / o_.group, row);
        set(o, i, grid.q(row[i]));
        const double error = (row[i] - grid.real(row[i])) / factor(i, i);
        row.tail(k_ - i - 1).noalias() -= error * factor.row(i).tail(k_ - i - 1).transpose();
      }
    }
    return std::move(out_);
  }

 private:
  int64_t end(int64_t g) const { return std::min(k_, (g + 1) * o_.group); }
  Grid begin_group(int64_t o, int64_t g, const Vector& row) {
    const Vector part = row.segment(g * o_.group, end(g) - g * o_.group);
    const double most = std::pow(2.0, o_.bits) - 1;
    Grid grid = method_ == GroupMethod::kNearest ? extremes(part, most) : fitted(part, most);
    const auto at = static_cast<size_t>(o * groups_ + g);
    out_.scale.mut<float>()[at] = static_cast<float>(grid.scale);
    out_.zero.mut<float>()[at] = static_cast<float>(grid.zero);
    grid.scale = static_cast<double>(out_.scale.values<float>()[at]);
    grid.zero = static_cast<double>(out_.zero.values<float>()[at]);
    return grid;
  }
  void set(int64_t o, int64_t i, double q) { out_.q.mut<uint8_t>()[static_cast<size_t>(o * k_ + i)] = static_cast<uint8_t>(q); }

  GroupMethod method_;
  GroupOptions o_;
  int64_t n_, k_, groups_;
  Matrix weights_;
  GroupWeights out_;
};

}  // namespace

Tensor GroupWeights::real() const {
  const int64_t k = q.shape()[1], groups = scale.shape()[1], n = q.shape()[0];
  Tensor out(DataType::kF32, q.shape());
  for (int64_t o = 0; o < n; ++o)
    for (int64_t i = 0; i < k; ++i) out.mut<float>()[static_cast<size_t>(o * k + i)] = static_cast<float>(scale.at(o * groups + i / group) * (q.at(o * k + i) - zero.at(o * groups + i / group)));
  return out;
}

Result<GroupWeights> group_weights(const Tensor& weights, GroupMethod method, const GroupOptions& options, std::span<const double> square) {
  if (weights.dtype() != DataType::kF32 || weights.shape().rank != 2 || weights.count() == 0 || options.group < 1 || options.bits < 2 || options.bits > 8)
    return invalid("weights in groups are f32 [n, k], groups of at least 1, 2 to 8 bits");
  const int64_t k = weights.shape()[1];
  if (method != GroupMethod::kGptq) return Rounding(weights, method, options).plain();
  if (static_cast<int64_t>(square.size()) != k * k) return invalid("the inputs' second moments have " + std::to_string(square.size()) + " numbers, the weights want " + std::to_string(k * k));
  return Rounding(weights, method, options).spreading(Eigen::Map<const Matrix>(square.data(), k, k));
}

}  // namespace verge
