#include "eval/score.h"

#include <algorithm>
#include <cmath>

#include "eval/by_parts.h"

namespace verge {
namespace {

// Its memory is not wanted twice.
bool is_large(const Lowered& lowered) {
  constexpr int64_t kMuch = int64_t{48} << 20;
  return static_cast<int64_t>(lowered.arena_bytes) > kMuch;
}

}  // namespace

std::vector<float> real_values(const Tensor& tensor) {
  std::vector<float> out(static_cast<size_t>(tensor.count()));
  const QuantParams& q = tensor.quant();
  const bool per_tensor = q.scale.size() == 1;
  for (int64_t i = 0; i < tensor.count(); ++i) {
    const double v = tensor.at(i);
    out[i] = static_cast<float>(per_tensor ? q.scale[0] * (v - q.zero_point[0]) : v);
  }
  return out;
}

Result<Predictions> predict(Executable& executable, const Dataset& data, const Progress& progress) {
  return predict([&](const std::vector<Tensor>& inputs) { return executable.run(inputs); }, data, progress);
}

ExecutableOptions untimed(const Lowered& lowered) {
  return {is_large(lowered) ? usable_processors() : 1};
}

size_t runs_side_by_side(const Lowered& lowered, size_t samples) { return is_large(lowered) ? 1 : useful_parts(samples); }

Result<Predictions> predict_side_by_side(const Lowered& lowered, const Dataset& data) {
  VERGE_TRY(Executable executable, Executable::open(lowered.program, untimed(lowered)));
  Predictions out;
  out.scores.resize(data.size());
  out.labels.resize(data.size(), -1);
  const auto predict_run = [&](Executable& mine, size_t begin, size_t end) -> Result<void> {
    for (size_t i = begin; i < end; ++i) {
      VERGE_TRY(const Sample sample, data.get(i));
      VERGE_TRY(const std::vector<Tensor> outputs, mine.run(sample.inputs), sample.name);
      out.scores[i] = real_values(outputs[0]);
      out.labels[i] = sample.label;
    }
    return done();
  };
  VERGE_CHECK(by_parts(data.size(), runs_side_by_side(lowered, data.size()), [&](size_t part, size_t begin, size_t end) -> Result<void> {
    if (part == 0) return predict_run(executable, begin, end);
    VERGE_TRY(Executable mine, executable.another());
    return predict_run(mine, begin, end);
  }));
  return out;
}

Result<Predictions> predict(const Answer& answer, const Dataset& data, const Progress& progress) {
  Predictions out;
  for (size_t i = 0; i < data.size(); ++i) {
    VERGE_TRY(const Sample sample, data.get(i));
    VERGE_TRY(const std::vector<Tensor> outputs, answer(sample.inputs), sample.name);
    out.scores.push_back(real_values(outputs[0]));
    out.labels.push_back(sample.label);
    if (progress) progress(i + 1, data.size());
  }
  return out;
}

int arg_max(const std::vector<float>& scores) {
  int best = -1;
  for (size_t i = 0; i < scores.size(); ++i)
    if (scores[i] == scores[i] && (best < 0 || scores[i] > scores[best])) best = static_cast<int>(i);
  return best;
}

double top1(const Predictions& p) {
  size_t hit = 0, labelled = 0;
  for (size_t i = 0; i < p.scores.size(); ++i) {
    if (p.labels[i] < 0) continue;
    ++labelled;
    hit += arg_max(p.scores[i]) == p.labels[i];
  }
  return labelled ? static_cast<double>(hit) / static_cast<double>(labelled) : -1;
}

double agreement(const Predictions& a, const Predictions& b) {
  size_t equal = 0;
  for (size_t i = 0; i < a.scores.size(); ++i) equal += arg_max(a.scores[i]) == arg_max(b.scores[i]);
  return a.scores.empty() ? 0 : static_cast<double>(equal) / static_cast<double>(a.scores.size());
}

double signal_to_noise_db(const Predictions& p, const Predictions& reference) {
  double signal = 0, noise = 0;
  for (size_t i = 0; i < p.scores.size(); ++i)
    for (size_t k = 0; k < p.scores[i].size(); ++k) {
      const double x = reference.scores[i][k], y = p.scores[i][k];
      signal += x * x;
      noise += (x - y) * (x - y);
    }
  return 10 * std::log10(std::max(signal, 1e-30) / std::max(noise, 1e-30));
}

double max_difference(const Predictions& a, const Predictions& b) {
  double worst = 0;
  for (size_t i = 0; i < a.scores.size(); ++i)
    for (size_t k = 0; k < std::min(a.scores[i].size(), b.scores[i].size()); ++k)
      worst = std::max(worst, static_cast<double>(std::fabs(a.scores[i][k] - b.scores[i][k])));
  return worst;
}

}  // namespace verge
