// What models say of points and pixels of a picture: keypoints, and a class for each pixel.
#pragma once
#include <memory>
#include <span>
#include <vector>

#include "base/tensor_view.h"
#include "core/result.h"
#include "lower/executable.h"
#include "pipeline/preprocess.h"

namespace verge {

// A point of the model's input, 0..1, or of the picture in pixels.
struct Keypoint {
  double y = 0, x = 0, score = 0;
};

// The output [..., n, 3] of y, x and score, as parts of the input. kInvalidArgument says which shape it has.
Result<std::vector<Keypoint>> keypoints_of(const KeypointSteps& steps, const std::vector<Tensor>& outputs);
Keypoint in_picture(const Keypoint& point, const Window& window, int height, int width);

// Classes of pixels. The greatest score of each is an operator of a small Graph, run by the device's runtime.
class ClassMap {
 public:
  // The output that `steps` names: scores [1,h,w,classes] ([1,classes,h,w] where the input is NCHW), or the classes themselves [1,h,w] or [1,h,w,1].
  static Result<ClassMap> create(const ClassMapSteps& steps, std::span<const TensorView> outputs, const ImageInput& input);
  // i32[height, width] of the picture: the class of the nearest cell, -1 outside the input.
  Result<Tensor> run(const std::vector<Tensor>& outputs, const Window& window, int height, int width);

 private:
  size_t output_ = 0;
  int rows_ = 0, columns_ = 0;
  std::shared_ptr<Executable> program_;
};

}  // namespace verge
