// From a decoded picture to a model's input. The steps are operators of a small Graph, lowered and run by the device's runtime, like the model itself.
#pragma once
#include <map>
#include <memory>
#include <utility>

#include "base/tensor_view.h"
#include "core/result.h"
#include "ir/graph.h"
#include "lower/executable.h"
#include "pipeline/declaration.h"

namespace verge {

// Where the model's input has its picture: layout and sizes, from the shape and the declaration.
struct ImageInput {
  DataType dtype = DataType::kF32;
  Shape shape;
  QuantParams quant;
  bool nchw = false;
  int height = 0, width = 0, channels = 0;
};

// kInvalidArgument when the input cannot take a picture (rank, channels).
Result<ImageInput> image_input(const TensorView& input, const Declaration& declaration);

// Where the picture lies in the input, or, cropped, the input in the picture: a point (y, x) of the input, 0..1, is the picture's pixel
// (top + y * height, left + x * width).
struct Window {
  double top = 0, left = 0, height = 0, width = 0;
};
Window window_of(const Declaration& declaration, const ImageInput& input, int height, int width);

// u8[1, height, width, 3] -> the model's input: crop, resize, letterbox, colour order, (x - mean) / std, layout, quantisation.
Result<Graph> preprocess_graph(const Declaration& declaration, const ImageInput& input, int height, int width);

// Keeps one Program for each size of picture that it met.
class Preprocessor {
 public:
  static Result<Preprocessor> create(const Declaration& declaration, const TensorView& input);
  // `picture` is u8[height, width, 3].
  Result<Tensor> run(const Tensor& picture);
  const Declaration& declaration() const { return declaration_; }
  const ImageInput& input() const { return input_; }

 private:
  Declaration declaration_;
  ImageInput input_;
  std::map<std::pair<int, int>, std::shared_ptr<Executable>> programs_;
};

}  // namespace verge
