// The pre- and post-processing that a package declares, version 1 (docs/pipeline.md):
//
//   {"source": "image", "color": "RGB", "resize": {"mode": "bilinear", "fit": "stretch", "antialias": true, "fill": 114},
//    "mean": [0, 0, 0], "std": [255, 255, 255], "layout": "NCHW", "softmax": false}
//
// x = (pixel - mean) / std, pixels 0..255. Everything may be left out: RGB, stretched to the input's size, mean 0, std 1, layout by shape.
#pragma once
#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/json.h"
#include "core/result.h"

namespace verge {

enum class ColorOrder : uint8_t { kRgb, kBgr, kGray };
enum class ResizeMode : uint8_t { kBilinear, kNearest, kArea };
enum class Fit : uint8_t { kStretch, kCrop, kLetterbox };
enum class Layout : uint8_t { kByShape, kNchw, kNhwc };
enum class Corner : uint8_t { kCentre, kTopLeft };

// How a detector's outputs become boxes (docs/pipeline.md).
enum class BoxForm : uint8_t { kYolox, kYolov5, kYolov8, kCorners, kSsd, kDetected };
struct DetectionSteps {
  BoxForm form = BoxForm::kDetected;
  int boxes = 0, scores = 1;       // which outputs; YOLO's have both in one
  std::vector<int> strides = {8, 16, 32};  // YOLOX
  bool pixels = true;              // YOLOv5, YOLOv8: boxes in pixels of the input, else 0..1
  bool background = false;         // the first score is of no object
  float score = 0.25f, iou = 0.45f;
  int most = 100;
  std::array<float, 4> scales = {10, 10, 5, 5};    // SSD: of y, x, h, w
  std::vector<std::array<float, 4>> anchors;       // SSD: y, x, h, w, 0..1
  friend bool operator==(const DetectionSteps&, const DetectionSteps&) = default;
};

// Points of a picture, such as a body's joints (docs/pipeline.md).
struct KeypointSteps {
  int output = 0;
  float score = 0.3f;  // the least that is printed and drawn
  friend bool operator==(const KeypointSteps&, const KeypointSteps&) = default;
};

// A class for each pixel (docs/pipeline.md).
struct ClassMapSteps {
  int output = 0;
  friend bool operator==(const ClassMapSteps&, const ClassMapSteps&) = default;
};

// How scores of steps become a text: connectionist temporal classification (docs/pipeline.md).
struct TranscriptSteps {
  int blank = 0;               // its class; negative: from the last
  int beam = 1;                // prefixes that are kept; 1: the best path alone
  bool probabilities = false;  // else logits or logarithms
  friend bool operator==(const TranscriptSteps&, const TranscriptSteps&) = default;
};

// How sound runs through a model, window after window (docs/pipeline.md).
struct SoundSteps {
  int rate = 16000;   // samples a second
  int hop = 0;        // new samples a window; 0: all of it
  std::string input;  // the window's; empty: the first input that holds no state
  std::vector<std::pair<std::string, std::string>> state;  // an input, and the output that it is the next time
  float score = 0.5f;
  friend bool operator==(const SoundSteps&, const SoundSteps&) = default;
};

struct Declaration {
  ColorOrder color = ColorOrder::kRgb;
  ResizeMode resize = ResizeMode::kBilinear;
  Fit fit = Fit::kStretch;
  bool antialias = true;  // when shrinking
  float fill = 114;       // letterbox bars, pixel value
  Corner place = Corner::kCentre;  // of the picture within them
  std::array<float, 3> mean = {0, 0, 0};  // in the order of `color`
  std::array<float, 3> std = {1, 1, 1};
  Layout layout = Layout::kByShape;
  bool softmax = false;  // applied to the first output before top-k
  std::optional<DetectionSteps> detections;
  std::optional<KeypointSteps> keypoints;
  std::optional<ClassMapSteps> classes;
  std::optional<TranscriptSteps> transcript;
  std::optional<SoundSteps> sound;  // source "audio"; nothing of the picture's steps counts then

  friend bool operator==(const Declaration&, const Declaration&) = default;
};

// kInvalidArgument names the key, what was found and what is allowed.
Result<Declaration> parse_declaration(const Json& json);
Json declaration_json(const Declaration& declaration);
// "RGB, (x - 127.5) / 127.5, bilinear stretch": one line for people.
std::string declaration_text(const Declaration& declaration);

}  // namespace verge
