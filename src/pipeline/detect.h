// From a detector's outputs to boxes. Decoding and non-maximum suppression are operators of a small Graph, lowered and run by the device's runtime.
#pragma once
#include <memory>
#include <span>
#include <vector>

#include "base/tensor_view.h"
#include "core/result.h"
#include "ir/graph.h"
#include "lower/executable.h"
#include "pipeline/preprocess.h"

namespace verge {

// Corners as parts of the model's input, 0..1.
struct Detection {
  double top = 0, left = 0, bottom = 0, right = 0;
  int label = 0;
  double score = 0;
};

// The outputs that `steps` names -> boxes f32[1,d,4] (top, left, bottom, right), classes f32[1,d], scores f32[1,d], count f32[1]. `outputs` are the model's,
// all of them; the Graph reads those that it needs, in order of their index. kInvalidArgument says which output has which shape, and what the form wants.
Result<Graph> detection_graph(const DetectionSteps& steps, const std::vector<TensorType>& outputs, const ImageInput& input);

class Detector {
 public:
  static Result<Detector> create(const DetectionSteps& steps, std::span<const TensorView> outputs, const ImageInput& input);
  // The model's outputs, all of them; best first.
  Result<std::vector<Detection>> run(const std::vector<Tensor>& outputs);

 private:
  std::vector<size_t> reads_;  // outputs that the Program reads; where there is none, the four that the model's own suppression gives
  std::shared_ptr<Executable> program_;
  double least_score_ = 0;  // of boxes that the model suppresses itself
};

// The detection in the picture's pixels, cut off at its edges.
Detection in_picture(const Detection& detection, const Window& window, int height, int width);

}  // namespace verge
