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

  double auc() const { return mean_of_classes(&Answers::auc_of); }
  double eer() const { return mean_of_classes(&Answers::eer_of); }

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

  // Over the classes that occur beside others; `of` is of one class.
  double mean_of_classes(double (Answers::*of)(size_t c) const) const {
    double sum = 0;
    int present = 0;
    for (size_t c = 0; c < classes_; ++c) {
      const auto members = static_cast<size_t>(std::count(labels_.begin(), labels_.end(), static_cast<int>(c)));
      if (members > 0 && members < labels_.size()) sum += (this->*of)(c), ++present;
    }
    return present ? sum / present : 0;
  }

  // Samples that the class is equally probable for, in rising order: take(members of the class, others).
  template <typename Take> void each_step(size_t c, const Take& take) const {
    std::vector<size_t> order(labels_.size());
    std::iota(order.begin(), order.end(), size_t{0});
    const auto p = [&](size_t i) { return p_[i * classes_ + c]; };
    std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return p(a) < p(b); });
    for (size_t i = 0; i < order.size();) {
      double members = 0, others = 0;
      for (const double at = p(order[i]); i < order.size() && p(order[i]) == at; ++i) (labels_[order[i]] == static_cast<int>(c) ? members : others) += 1;
      take(members, others);
    }
  }

  // Pairs of a member and another in the right order, equals by half (Mann and Whitney).
  double auc_of(size_t c) const {
    double pairs = 0, members_below = 0, others_below = 0;
    each_step(c, [&](double members, double others) {
      pairs += members * (others_below + others / 2);
      members_below += members, others_below += others;
    });
    return pairs / (members_below * others_below);
  }

  // Between the thresholds on both sides of it, linearly.
  double eer_of(size_t c) const {
    const auto total = static_cast<double>(std::count(labels_.begin(), labels_.end(), static_cast<int>(c))), rest = static_cast<double>(labels_.size()) - total;
    double missed = 0, taken = 1, rate = -1;  // with a threshold that all pass
    each_step(c, [&](double members, double others) {
      const double missed_next = missed + members / total, taken_next = taken - others / rest, before = taken - missed, after = taken_next - missed_next;
      if (rate < 0 && after <= 0) rate = missed + (missed_next - missed) * before / (before - after);
      missed = missed_next, taken = taken_next;
    });
    return rate;
  }

  std::span<const int> labels_;
  size_t classes_;
  std::vector<double> p_;
};

}  // namespace

Json classifier_metrics(std::span<const float> outputs, std::span<const int> labels, bool logits) {
  const Answers answers(outputs, labels, logits);
  Json out = {{"auc", answers.auc()}, {"eer", answers.eer()}, {"calibration_error", answers.calibration_error()}};
  if (answers.classes() > 5) out["top5"] = answers.top(5);
  return out;
}

}  // namespace verge::train
