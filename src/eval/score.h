// Scores of a model on data: top-1 against labels, agreement with another run, differences.
#pragma once
#include <functional>
#include <vector>

#include "eval/dataset.h"
#include "lower/executable.h"
#include "lower/lower.h"

namespace verge {

// Threads for runs that nobody times: one, since samples run side by side (predict_side_by_side); all processors where memory for that would be much.
ExecutableOptions untimed(const Lowered& lowered);
// In how many runs at the same time so many samples go through a Program that was opened so.
size_t runs_side_by_side(const Lowered& lowered, size_t samples);

// The first output of every sample as real numbers (quantised outputs are dequantised).
struct Predictions {
  std::vector<std::vector<float>> scores;
  std::vector<int> labels;
};

using Progress = std::function<void(size_t done, size_t total)>;

// What answers the inputs of a sample with its outputs.
using Answer = std::function<Result<std::vector<Tensor>>(const std::vector<Tensor>& inputs)>;
Result<Predictions> predict(const Answer& answer, const Dataset& data, const Progress& progress = {});
Result<Predictions> predict(Executable& executable, const Dataset& data, const Progress& progress = {});

// The same with samples side by side, each processor on a session of its own.
Result<Predictions> predict_side_by_side(const Lowered& lowered, const Dataset& data);

// Index of the largest score, the first of equals; -1 for no scores or NaN alone.
int arg_max(const std::vector<float>& scores);
// Share of labelled samples whose largest score is the label; -1 when nothing is labelled.
double top1(const Predictions& predictions);
// Share of samples with equal arg-max.
double agreement(const Predictions& a, const Predictions& b);
// Signal to noise of `p`'s scores against `reference`'s, in dB.
double signal_to_noise_db(const Predictions& p, const Predictions& reference);
// Largest absolute difference of scores.
double max_difference(const Predictions& a, const Predictions& b);

// The tensor as f32: dequantised where it carries quantisation.
std::vector<float> real_values(const Tensor& tensor);

}  // namespace verge
