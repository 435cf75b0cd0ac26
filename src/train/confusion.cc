#include "train/confusion.h"

#include <algorithm>
#include <numeric>

namespace verge::train {

double Confusion::top1() const {
  int64_t hits = 0, all = 0;
  for (size_t c = 0; c < rows_.size(); ++c) hits += rows_[c][c], all = std::accumulate(rows_[c].begin(), rows_[c].end(), all);
  return static_cast<double>(hits) / static_cast<double>(std::max<int64_t>(1, all));
}

double Confusion::macro_f1() const {
  double sum = 0;
  int present = 0;
  for (size_t c = 0; c < rows_.size(); ++c) {
    int64_t samples = 0, answers = 0;
    for (size_t i = 0; i < rows_.size(); ++i) samples += rows_[c][i], answers += rows_[i][c];
    if (samples == 0) continue;
    sum += 2 * static_cast<double>(rows_[c][c]) / static_cast<double>(samples + answers);
    ++present;
  }
  return sum / std::max(1, present);
}

}  // namespace verge::train
