#include "train/metrics.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace verge::train {
namespace {

class Answers {
 public:
  Answers(std::span<const float> outputs, std::span<const int> labels, bool logits)
      : labels_(labels), classes_(labels.empty() ? 0 : outputs.size() / labels.size()), p_(outputs.begin(), outputs.end()) {
    for (size_t i = 0; logits && i < labels_.size(); ++i) take_softmax(p_.data() + i * classes_);
    for (double& p : p_) p = std::isfinite(p) ? p : 0;  // of a network that has run away
  }

  size_t classes() const { return classes_; }

  // The share of samples whose class is among the k largest.
  double top(size_t k) const {
    size_t hits = 0;
    for (size_t i = 0; i < labels_.size(); ++i) {
      const double* row = p_.data() + i * classes_;
      hits += static_cast<size_t>(std::count_if(row, row + classes_, [&](double p) { return p > row[labels_[i]]; })) < k;
    }
    return static_cast<double>(hits) / static_cast<double>(std::max<size_t>(1, labels_.size()));
  }

  double auc() const {
    double sum = 0;
    int present = 0;
    for (size_t c = 0; c < classes_; ++c) {
      const double area = auc_of(c);
      if (area >= 0) sum += area, ++present;
    }
    return present ? sum / present : 0;
  }

  double calibration_error() const {
    constexpr size_t kRanges = 15;
    double hits[kRanges] = {}, sure[kRanges] = {};
    for (size_t i = 0; i < labels_.size(); ++i) {
      const double* row = p_.data() + i * classes_;
      const double* best = std::max_element(row, row + classes_);
      const size_t range = std::min(kRanges - 1, static_cast<size_t>(std::max(0.0, *best) * kRanges));
      sure[range] += *best, hits[range] += best - row == labels_[i];
    }
    double sum = 0;
    for (size_t r = 0; r < kRanges; ++r) sum += std::fabs(hits[r] - sure[r]);
    return sum / static_cast<double>(std::max<size_t>(1, labels_.size()));
  }

 private:
  void take_softmax(double* row) const {
    const double largest = *std::max_element(row, row + classes_);
    double sum = 0;
    for (size_t c = 0; c < classes_; ++c) sum += row[c] = std::exp(row[c] - largest);
    for (size_t c = 0; c < classes_; ++c) row[c] /= sum;
  }

  // By the ranks of the class's samples among all, equals share theirs (Mann and Whitney); -1 where the class or the others do not occur.
  double auc_of(size_t c) const {
    std::vector<size_t> order(labels_.size());
    std::iota(order.begin(), order.end(), size_t{0});
    const auto p = [&](size_t i) { return p_[i * classes_ + c]; };
    std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return p(a) < p(b); });
    double ranks = 0, members = 0;
    for (size_t i = 0; i < order.size();) {
      size_t end = i;
      while (end < order.size() && p(order[end]) == p(order[i])) ++end;
      const double rank = static_cast<double>(i + end + 1) / 2;
      for (; i < end; ++i)
        if (labels_[order[i]] == static_cast<int>(c)) ranks += rank, ++members;
    }
    const double others = static_cast<double>(order.size()) - members;
    return members > 0 && others > 0 ? (ranks - members * (members + 1) / 2) / (members * others) : -1;
  }

  std::span<const int> labels_;
  size_t classes_;
  std::vector<double> p_;
};

}  // namespace

Json classifier_metrics(std::span<const float> outputs, std::span<const int> labels, bool logits) {
  const Answers answers(outputs, labels, logits);
  Json out = {{"auc", answers.auc()}, {"calibration_error", answers.calibration_error()}};
  if (answers.classes() > 5) out["top5"] = answers.top(5);
  return out;
}

}  // namespace verge::train
