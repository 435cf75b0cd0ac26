#include "pipeline/declaration.h"

#include <cmath>
#include <utility>
#include <vector>

#include "core/text.h"

namespace verge {
namespace {

template <typename E> using Names = std::vector<std::pair<const char*, E>>;

const Names<ColorOrder> kColors = {{"RGB", ColorOrder::kRgb}, {"BGR", ColorOrder::kBgr}, {"GRAY", ColorOrder::kGray}};
const Names<ResizeMode> kModes = {{"bilinear", ResizeMode::kBilinear}, {"nearest", ResizeMode::kNearest}, {"area", ResizeMode::kArea}};
const Names<Fit> kFits = {{"stretch", Fit::kStretch}, {"crop", Fit::kCrop}, {"letterbox", Fit::kLetterbox}};
const Names<Layout> kLayouts = {{"", Layout::kByShape}, {"NCHW", Layout::kNchw}, {"NHWC", Layout::kNhwc}};

const Names<Corner> kCorners = {{"centre", Corner::kCentre}, {"top-left", Corner::kTopLeft}};
const Names<BoxForm> kForms = {{"yolox", BoxForm::kYolox}, {"yolov5", BoxForm::kYolov5}, {"yolov8", BoxForm::kYolov8},
                               {"corners", BoxForm::kCorners}, {"ssd", BoxForm::kSsd}, {"detected", BoxForm::kDetected}};

template <typename E> const char* name_of(const Names<E>& names, E value) {
  for (const auto& [name, v] : names)
    if (v == value) return name;
  return "";
}

template <typename E> Result<E> choose(const Json& json, const char* key, const Names<E>& names, E otherwise) {
  if (!json.contains(key)) return otherwise;
  std::vector<std::string> allowed;
  for (const auto& [name, value] : names) {
    if (json[key].is_string() && json[key] == name) return value;
    if (*name) allowed.push_back(name);
  }
  return invalid(std::string("pipeline: \"") + key + "\" is " + json[key].dump() + ", wants one of " + join(allowed, ", "));
}

// One number for all channels or three.
Result<std::array<float, 3>> three(const Json& json, const char* key, std::array<float, 3> otherwise) {
  if (!json.contains(key)) return otherwise;
  const Json& v = json[key];
  std::vector<float> numbers;
  if (v.is_number()) numbers = {v.get<float>()};
  if (v.is_array())
    for (const Json& n : v)
      if (n.is_number()) numbers.push_back(n.get<float>());
  if (numbers.size() == 1) return std::array<float, 3>{numbers[0], numbers[0], numbers[0]};
  if (numbers.size() == 3) return std::array<float, 3>{numbers[0], numbers[1], numbers[2]};
  return invalid(std::string("pipeline: \"") + key + "\" is " + v.dump() + ", wants one number or three");
}

template <typename T> Result<void> read_number(const Json& json, const char* key, double least, double most, T& out) {
  if (!json.contains(key)) return done();
  if (json[key].is_number() && json[key].get<double>() >= least && json[key].get<double>() <= most) {
    out = json[key].get<T>();
    return done();
  }
  return invalid(std::string("pipeline: \"") + key + "\" is " + json[key].dump() + ", wants a number from " + format("%g to %g", least, most));
}

Result<std::vector<float>> numbers_of(const Json& json, const char* key) {
  std::vector<float> out;
  if (json.is_array())
    for (const Json& n : json)
      if (n.is_number()) out.push_back(n.get<float>());
  if (out.empty() || out.size() != json.size()) return invalid(std::string("pipeline: detections: \"") + key + "\" wants a list of numbers");
  return out;
}

Result<std::array<float, 4>> four(const Json& json, const char* key) {
  VERGE_TRY(const std::vector<float> n, numbers_of(json, key));
  if (n.size() != 4) return invalid(std::string("pipeline: detections: \"") + key + "\" wants four numbers: of y, x, h, w");
  return std::array<float, 4>{n[0], n[1], n[2], n[3]};
}

Result<DetectionSteps> parse_detections(const Json& json) {
  if (!json.is_object() || !json.contains("form")) return invalid("pipeline: \"detections\" wants an object with \"form\", is " + json.dump());
  DetectionSteps d;
  VERGE_TRY(d.form, choose(json, "form", kForms, d.form));
  VERGE_CHECK(read_number(json, "boxes", 0, 255, d.boxes));
  VERGE_CHECK(read_number(json, "scores", 0, 255, d.scores));
  VERGE_CHECK(read_number(json, "score", 0, 1, d.score));
  VERGE_CHECK(read_number(json, "iou", 0, 1, d.iou));
  VERGE_CHECK(read_number(json, "most", 1, 65536, d.most));
  for (auto& [key, flag] : {std::pair<const char*, bool*>{"pixels", &d.pixels}, {"background", &d.background}})
    if (json.contains(key) && json[key].is_boolean()) *flag = json[key];
  if (json.contains("strides")) {
    VERGE_TRY(const std::vector<float> strides, numbers_of(json["strides"], "strides"));
    for (const float s : strides)
      if (!(s >= 1 && s <= 65536)) return invalid("pipeline: detections: \"strides\" are 1 to 65536");
    d.strides.assign(strides.begin(), strides.end());
  }
  if (json.contains("scales")) {
    VERGE_TRY(d.scales, four(json["scales"], "scales"));
  }
  for (const Json& a : json.value("anchors", Json::array())) {
    VERGE_TRY(const auto anchor, four(a, "anchors"));
    d.anchors.push_back(anchor);
  }
  if (d.form == BoxForm::kSsd && d.anchors.empty()) return invalid("pipeline: detections: form ssd wants \"anchors\", four numbers for each box");
  return d;
}

Json detections_json(const DetectionSteps& d) {
  Json out = {{"form", name_of(kForms, d.form)}, {"boxes", d.boxes}, {"scores", d.scores}, {"background", d.background}, {"score", d.score}, {"iou", d.iou}, {"most", d.most}};
  if (d.form == BoxForm::kYolox) out["strides"] = d.strides;
  if (d.form == BoxForm::kYolov5 || d.form == BoxForm::kYolov8) out["pixels"] = d.pixels;
  if (d.form == BoxForm::kSsd) out["scales"] = d.scales, out["anchors"] = d.anchors;
  return out;
}

Result<SoundSteps> parse_sound(const Json& json) {
  SoundSteps out;
  VERGE_CHECK(read_number(json, "rate", 1, 1e6, out.rate));
  VERGE_CHECK(read_number(json, "hop", 0, 1e9, out.hop));
  VERGE_CHECK(read_number(json, "score", 0, 1, out.score));
  if (json.contains("input") && json["input"].is_string()) out.input = json["input"];
  const Json state = json.value("state", Json::object());
  if (!state.is_object()) return invalid("pipeline: \"state\" wants an object of inputs and the outputs that feed them, is " + state.dump());
  for (const auto& [input, output] : state.items()) {
    if (!output.is_string()) return invalid("pipeline: \"state\": input \"" + input + "\" wants the name of an output, is " + output.dump());
    out.state.emplace_back(input, output.get<std::string>());
  }
  return out;
}

Result<TranscriptSteps> parse_transcript(const Json& json) {
  if (!json.is_object()) return invalid("pipeline: \"transcript\" wants an object, is " + json.dump());
  TranscriptSteps out;
  VERGE_CHECK(read_number(json, "blank", -1, 1e6, out.blank));
  VERGE_CHECK(read_number(json, "beam", 1, 1000, out.beam));
  if (json.contains("probabilities") && json["probabilities"].is_boolean()) out.probabilities = json["probabilities"];
  return out;
}

Result<KeypointSteps> parse_keypoints(const Json& json) {
  if (!json.is_object()) return invalid("pipeline: \"keypoints\" wants an object, is " + json.dump());
  KeypointSteps out;
  VERGE_CHECK(read_number(json, "output", 0, 255, out.output));
  VERGE_CHECK(read_number(json, "score", 0, 1, out.score));
  return out;
}

Result<ClassMapSteps> parse_class_map(const Json& json) {
  if (!json.is_object()) return invalid("pipeline: \"classes\" wants an object, is " + json.dump());
  ClassMapSteps out;
  VERGE_CHECK(read_number(json, "output", 0, 255, out.output));
  return out;
}

Json sound_json(const SoundSteps& s) {
  Json out = {{"source", "audio"}, {"rate", s.rate}, {"hop", s.hop}, {"score", s.score}};
  if (!s.input.empty()) out["input"] = s.input;
  for (const auto& [input, output] : s.state) out["state"][input] = output;
  return out;
}

std::string number(float v) { return format("%g", v); }

std::string channel_text(const std::array<float, 3>& v) {
  return v[0] == v[1] && v[1] == v[2] ? number(v[0]) : "[" + number(v[0]) + ", " + number(v[1]) + ", " + number(v[2]) + "]";
}

}  // namespace

Result<Declaration> parse_declaration(const Json& json) {
  if (!json.is_object()) return invalid("pipeline: wants a JSON object, is " + json.dump());
  Declaration d;
  static const Names<int> kSources = {{"image", 0}, {"audio", 1}};
  VERGE_TRY(const int source, choose(json, "source", kSources, 0));
  if (source == 1) {
    VERGE_TRY(d.sound, parse_sound(json));
    return d;
  }
  VERGE_TRY(d.color, choose(json, "color", kColors, d.color));
  const Json resize = json.value("resize", Json::object());
  if (!resize.is_object()) return invalid("pipeline: \"resize\" wants an object, is " + resize.dump());
  VERGE_TRY(d.resize, choose(resize, "mode", kModes, d.resize));
  VERGE_TRY(d.fit, choose(resize, "fit", kFits, d.fit));
  if (resize.contains("antialias") && resize["antialias"].is_boolean()) d.antialias = resize["antialias"];
  if (resize.contains("fill") && resize["fill"].is_number()) d.fill = resize["fill"];
  VERGE_TRY(d.place, choose(resize, "place", kCorners, d.place));
  VERGE_TRY(d.mean, three(json, "mean", d.mean));
  VERGE_TRY(d.std, three(json, "std", d.std));
  for (float s : d.std)
    if (!(std::fabs(s) > 0)) return invalid("pipeline: \"std\" has a zero; x = (pixel - mean) / std");
  VERGE_TRY(d.layout, choose(json, "layout", kLayouts, d.layout));
  if (json.contains("softmax") && json["softmax"].is_boolean()) d.softmax = json["softmax"];
  if (json.contains("transcript")) {
    VERGE_TRY(d.transcript, parse_transcript(json["transcript"]));
  }
  if (json.contains("detections")) {
    VERGE_TRY(d.detections, parse_detections(json["detections"]));
  }
  if (json.contains("keypoints")) {
    VERGE_TRY(d.keypoints, parse_keypoints(json["keypoints"]));
  }
  if (json.contains("classes")) {
    VERGE_TRY(d.classes, parse_class_map(json["classes"]));
  }
  return d;
}

Json declaration_json(const Declaration& d) {
  if (d.sound) return sound_json(*d.sound);
  Json out = {{"source", "image"},
              {"color", name_of(kColors, d.color)},
              {"resize", {{"mode", name_of(kModes, d.resize)}, {"fit", name_of(kFits, d.fit)}, {"antialias", d.antialias}, {"fill", d.fill}}},
              {"mean", d.mean},
              {"std", d.std},
              {"softmax", d.softmax}};
  if (d.place != Corner::kCentre) out["resize"]["place"] = name_of(kCorners, d.place);
  if (d.transcript) out["transcript"] = {{"blank", d.transcript->blank}, {"beam", d.transcript->beam}, {"probabilities", d.transcript->probabilities}};
  if (d.detections) out["detections"] = detections_json(*d.detections);
  if (d.keypoints) out["keypoints"] = {{"output", d.keypoints->output}, {"score", d.keypoints->score}};
  if (d.classes) out["classes"] = {{"output", d.classes->output}};
  if (d.layout != Layout::kByShape) out["layout"] = name_of(kLayouts, d.layout);
  return out;
}

std::string declaration_text(const Declaration& d) {
  if (d.sound) return format("sound of %d samples a second", d.sound->rate);
  const bool raw = d.mean == std::array<float, 3>{0, 0, 0} && d.std == std::array<float, 3>{1, 1, 1};
  return std::string(name_of(kColors, d.color)) + ", " + (raw ? "pixels 0..255" : "(pixel - " + channel_text(d.mean) + ") / " + channel_text(d.std)) + ", " +
         name_of(kModes, d.resize) + " " + name_of(kFits, d.fit);
}

}  // namespace verge
