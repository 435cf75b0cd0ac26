#include "pipeline/text/ctc.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <string>

namespace verge::text {
namespace {

constexpr double kNever = -std::numeric_limits<double>::infinity();

double log_sum(double a, double b) {
  const double most = std::max(a, b);
  return most == kNever ? kNever : most + std::log1p(std::exp(std::min(a, b) - most));
}

std::vector<double> log_probabilities(std::span<const float> row, bool probabilities) {
  std::vector<double> out(row.begin(), row.end());
  if (probabilities) {
    for (double& v : out) v = v > 0 ? std::log(v) : kNever;
    return out;
  }
  double sum = kNever;
  for (const double v : out) sum = log_sum(sum, v);
  for (double& v : out) v -= sum;
  return out;
}

// Logarithms of the probability that the paths of a prefix end in the blank, and in the prefix's last label.
struct Ending {
  double blank = kNever, label = kNever;
  double total() const { return log_sum(blank, label); }
};
using Beam = std::map<std::vector<int>, Ending>;

Beam advanced(const Beam& beam, const std::vector<double>& row, int blank) {
  Beam out;
  for (const auto& [prefix, ending] : beam)
    for (int label = 0; label < static_cast<int>(row.size()); ++label) {
      const double p = row[static_cast<size_t>(label)];
      if (p == kNever) continue;
      if (label == blank) {
        Ending& same = out[prefix];
        same.blank = log_sum(same.blank, ending.total() + p);
        continue;
      }
      const bool repeated = !prefix.empty() && prefix.back() == label;
      if (repeated) {
        Ending& same = out[prefix];
        same.label = log_sum(same.label, ending.label + p);
      }
      std::vector<int> longer = prefix;
      longer.push_back(label);
      Ending& next = out[longer];
      next.label = log_sum(next.label, (repeated ? ending.blank : ending.total()) + p);
    }
  return out;
}

Beam best_of(const Beam& beam, size_t width) {
  std::vector<std::pair<double, const std::vector<int>*>> order;
  for (const auto& [prefix, ending] : beam) order.emplace_back(-ending.total(), &prefix);
  std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  Beam out;
  for (size_t i = 0; i < std::min(width, order.size()); ++i) out.emplace(*order[i].second, beam.at(*order[i].second));
  return out;
}

struct BestPath {
  Transcript out;
  int before = -1;
  void take(const std::vector<double>& row, int blank) {
    const auto best = static_cast<int>(std::max_element(row.begin(), row.end()) - row.begin());
    out.log_probability += row[static_cast<size_t>(best)];
    if (best != blank && best != before) out.labels.push_back(best);
    before = best;
  }
};

}  // namespace

Result<Transcript> ctc_decode(std::span<const float> scores, size_t classes, const TranscriptSteps& steps) {
  if (classes == 0 || scores.size() % classes) return invalid("a transcript of " + std::to_string(scores.size()) + " scores of " + std::to_string(classes) + " classes");
  const int blank = steps.blank < 0 ? static_cast<int>(classes) + steps.blank : steps.blank;
  if (blank < 0 || static_cast<size_t>(blank) >= classes) return invalid("the blank is class " + std::to_string(steps.blank) + " of " + std::to_string(classes));
  BestPath path;
  Beam beam = {{{}, {0, kNever}}};
  for (size_t at = 0; at < scores.size(); at += classes) {
    const std::vector<double> row = log_probabilities(scores.subspan(at, classes), steps.probabilities);
    if (steps.beam == 1) path.take(row, blank);
    else beam = best_of(advanced(beam, row, blank), static_cast<size_t>(steps.beam));
  }
  if (steps.beam == 1) return path.out;
  const Beam best = best_of(beam, 1);
  if (best.empty()) return Transcript{};
  return Transcript{best.begin()->first, best.begin()->second.total()};
}

}  // namespace verge::text
