#include "eval/detector_score.h"

#include <algorithm>

#include "pipeline/decode.h"
#include "pipeline/preprocess.h"

namespace verge {
namespace {

// Of the input's parts as parts of the picture.
Detection in_parts(const Detection& d, const Window& window, int height, int width) {
  Detection out = in_picture(d, window, height, width);
  out.top /= height, out.bottom /= height, out.left /= width, out.right /= width;
  return out;
}

}  // namespace

Result<DetectorScore> score_detector(Executable& executable, Declaration declaration, const BoxedPictures& data, const Progress& progress) {
  constexpr float kLeastScore = 0.01F;
  if (!declaration.detections) return invalid("the model declares no \"detections\": give them with --pipeline (docs/pipeline.md)");
  declaration.detections->score = std::min(declaration.detections->score, kLeastScore);
  const rt::Model& model = executable.model();
  std::vector<TensorView> outputs;
  for (size_t i = 0; i < model.output_count(); ++i) outputs.push_back(model.output(i));
  VERGE_TRY(Preprocessor before, Preprocessor::create(declaration, model.input(0)));
  VERGE_TRY(Detector detector, Detector::create(*declaration.detections, outputs, before.input()));
  PrecisionCounter counter;
  for (const BoxedPicture& p : data.pictures) {
    VERGE_TRY(const Tensor picture, decode_image(p.bytes), "'" + p.name + "'");
    VERGE_TRY(const Tensor input, before.run(picture), "'" + p.name + "'");
    VERGE_TRY(const std::vector<Tensor> answers, executable.run(std::span(&input, 1)));
    VERGE_TRY(std::vector<Detection> found, detector.run(answers));
    const int height = picture.shape()[0], width = picture.shape()[1];
    const Window window = window_of(declaration, before.input(), height, width);
    for (Detection& d : found) d = in_parts(d, window, height, width);
    counter.add(p.boxes, found);
    if (progress) progress(static_cast<size_t>(&p - data.pictures.data()) + 1, data.pictures.size());
  }
  return DetectorScore{counter.result(data.classes.size()), data.pictures.size()};
}

}  // namespace verge
