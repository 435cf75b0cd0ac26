#include "eval/average_precision.h"

#include <algorithm>

namespace verge {
namespace {

struct Answer {
  double score;
  bool right;
};

// Of `found`, whose label is `label`: best first, each with whether it is right.
void judge(std::span<const Box> truth, const std::vector<Detection>& found, int label, double least, std::vector<Answer>& out) {
  std::vector<uint8_t> taken(truth.size());
  for (const Detection& d : found) {
    if (d.label != label) continue;
    double best = least;
    size_t place = truth.size();
    for (size_t i = 0; i < truth.size(); ++i)
      if (truth[i].label == label && !taken[i])
        if (const double o = overlap(truth[i], d); o >= best) best = o, place = i;
    if (place < truth.size()) taken[place] = 1;
    out.push_back({d.score, place < truth.size()});
  }
}

double average_precision(std::vector<Answer> answers, size_t boxes) {
  constexpr int kRecalls = 100;
  std::stable_sort(answers.begin(), answers.end(), [](const Answer& a, const Answer& b) { return a.score > b.score; });
  std::vector<double> precision, recall;
  size_t right = 0;
  for (size_t i = 0; i < answers.size(); ++i) {
    right += answers[i].right;
    precision.push_back(static_cast<double>(right) / static_cast<double>(i + 1));
    recall.push_back(static_cast<double>(right) / static_cast<double>(boxes));
  }
  for (size_t i = precision.size(); i > 1; --i) precision[i - 2] = std::max(precision[i - 2], precision[i - 1]);
  double sum = 0;
  for (int r = 0; r <= kRecalls; ++r) {
    const auto at = std::lower_bound(recall.begin(), recall.end(), static_cast<double>(r) / kRecalls);
    if (at != recall.end()) sum += precision[static_cast<size_t>(at - recall.begin())];
  }
  return sum / (kRecalls + 1);
}

}  // namespace

double overlap(const Box& b, const Detection& d) {
  const auto left = static_cast<double>(b.left), top = static_cast<double>(b.top), right = static_cast<double>(b.right), bottom = static_cast<double>(b.bottom);
  const double w = std::min(right, d.right) - std::max(left, d.left), h = std::min(bottom, d.bottom) - std::max(top, d.top);
  if (w <= 0 || h <= 0) return 0;
  return w * h / ((right - left) * (bottom - top) + (d.right - d.left) * (d.bottom - d.top) - w * h);
}

void PrecisionCounter::add(std::span<const Box> truth, std::span<const Detection> found) {
  pictures_.push_back({{truth.begin(), truth.end()}, {found.begin(), found.end()}});
  std::stable_sort(pictures_.back().found.begin(), pictures_.back().found.end(), [](const Detection& a, const Detection& b) { return a.score > b.score; });
}

AveragePrecision PrecisionCounter::result(size_t classes) const {
  constexpr int kThresholds = 10;
  AveragePrecision out;
  size_t present = 0;
  for (int label = 0; label < static_cast<int>(classes); ++label) {
    size_t boxes = 0;
    for (const Picture& p : pictures_) boxes += static_cast<size_t>(std::count_if(p.truth.begin(), p.truth.end(), [&](const Box& b) { return b.label == label; }));
    out.by_class.push_back(-1);
    if (boxes == 0) continue;
    ++present;
    for (int i = 0; i < kThresholds; ++i) {
      std::vector<Answer> answers;
      for (const Picture& p : pictures_) judge(p.truth, p.found, label, 0.5 + 0.05 * i, answers);
      const double ap = average_precision(std::move(answers), boxes);
      if (i == 0) out.by_class.back() = ap, out.at_50 += ap;
      out.mean += ap / kThresholds;
    }
  }
  if (present > 0) out.mean /= static_cast<double>(present), out.at_50 /= static_cast<double>(present);
  return out;
}

}  // namespace verge
