// Sound through a model, window after window: overlapping windows, and state that goes from an output to an input of the next call.
#pragma once
#include <span>
#include <utility>
#include <vector>

#include "core/result.h"
#include "ir/tensor.h"
#include "lower/executable.h"
#include "pipeline/declaration.h"

namespace verge {

class SoundStream {
 public:
  // `model` must outlive the stream. kInvalidArgument names the input or output that does not fit the steps, kUnsupported a window that is not f32.
  static Result<SoundStream> create(const SoundSteps& steps, Executable& model);

  // What one window gave: the model's outputs without those of its state, and the sample behind the window's last.
  struct Heard {
    int64_t end = 0;
    std::vector<Tensor> outputs;
  };
  // Any number of samples in [-1, 1]; one result for each hop that is full. Silence stands before the first sample.
  Result<std::vector<Heard>> push(std::span<const float> samples);
  // Back to silence and to states of zeros.
  void reset();

  const SoundSteps& steps() const { return steps_; }
  size_t window() const { return window_.size(); }
  size_t hop() const { return hop_; }
  // Indices of the model's outputs that push() gives.
  const std::vector<size_t>& outputs() const { return results_; }

 private:
  Result<void> bind_states();
  Result<Heard> run_window();

  SoundSteps steps_;
  Executable* model_ = nullptr;
  size_t input_ = 0, hop_ = 0, fresh_ = 0;  // `fresh_` samples are new since the last window
  int64_t end_ = 0;
  std::vector<float> window_;
  std::vector<std::pair<size_t, size_t>> states_;  // input, output
  std::vector<Tensor> inputs_;
  std::vector<size_t> results_;
};

}  // namespace verge
