#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <map>
#include <numeric>

#include "core/text.h"
#include "engine/parted.h"
#include "eval/files.h"
#include "eval/score.h"
#include "formats/format.h"
#include "formats/npy.h"
#include "formats/onnx/value_pb.h"
#include "os/file.h"
#include "data/picture.h"
#include "pipeline/decode.h"
#include "pipeline/detect.h"
#include "pipeline/points.h"
#include "pipeline/preprocess.h"
#include "pipeline/text/ctc.h"
#include "verge/command.h"
#include "verge/data_options.h"
#include "verge/detections.h"
#include "verge/placement_options.h"
#include "verge/run_sound.h"
#include "verge/run_text.h"
#include "verge/run_video.h"
#include "video/draw.h"

namespace verge::cli {
namespace {

struct Options {
  ModelOptions model;
  PlacementOptions placement;
  VideoArguments video;
  TextArguments text;
  std::vector<std::string> files;
  std::string input_dir, output_dir, pipeline, drawn;
  int top = 3;
};

using ops::HostValue;
using Kind = formats::PartSource::Kind;

// input_i or output_i of a folder.
std::string value_file(const std::string& dir, const char* what, size_t i, bool protobuf) { return dir + "/" + what + std::to_string(i) + (protobuf ? ".pb" : ".npy"); }

// input_0, input_1, ... as .pb or .npy, one for each kind.
Result<std::vector<HostValue>> read_inputs(const std::string& dir, const std::vector<Kind>& kinds) {
  std::vector<HostValue> out;
  for (size_t i = 0; i < kinds.size(); ++i) {
    const bool protobuf = is_file(value_file(dir, "input_", i, true));
    const std::string path = value_file(dir, "input_", i, protobuf);
    if (!is_file(path))
      return not_found("'" + dir + "' holds " + std::to_string(i) + " of " + std::to_string(kinds.size()) + " inputs (input_0.npy or input_0.pb, input_1...)");
    VERGE_TRY(const Bytes bytes, read_file(path));
    if (protobuf) {
      VERGE_TRY(HostValue value, formats::onnx::read_value_pb(bytes, kinds[i]), "'" + path + "'");
      out.push_back(std::move(value));
    } else {
      VERGE_TRY(Tensor tensor, formats::read_npy(bytes), "'" + path + "'");
      out.emplace_back(std::move(tensor));
    }
  }
  return out;
}

struct NamedOutput {
  std::string name;
  Kind kind;
  HostValue value;
};

Result<void> write_outputs(const Options& o, const std::vector<NamedOutput>& outputs) {
  VERGE_CHECK(make_directories(o.output_dir));
  const bool protobuf = is_file(value_file(o.input_dir, "input_", 0, true)) || !is_file(value_file(o.input_dir, "input_", 0, false));
  for (size_t i = 0; i < outputs.size(); ++i) {
    const NamedOutput& out = outputs[i];
    if (!protobuf && !out.value.is_tensor()) return unsupported("output '" + out.name + "' is no tensor, and .npy holds nothing else: give the inputs as .pb");
    VERGE_TRY(const Bytes bytes, protobuf ? Result<Bytes>(formats::onnx::write_value_pb(out.value, out.kind, out.name)) : formats::write_npy(out.value.tensor));
    VERGE_CHECK(write_file(value_file(o.output_dir, "output_", i, protobuf), bytes));
  }
  return done();
}

Result<void> run_parts(const Options& o, LoadOptions load) {
  VERGE_TRY(auto source, open_parts(o.model.path, load));
  std::vector<Kind> kinds;
  for (const auto& port : source->inputs()) kinds.push_back(port.kind);
  VERGE_TRY(const std::vector<HostValue> inputs, read_inputs(o.input_dir, kinds));
  VERGE_TRY(const std::optional<Engine> engine, engine_in_force(o.placement));
  if (engine) {
    VERGE_TRY(load, load_placed(o.placement, *engine, o.model.path, load, inputs));
    VERGE_TRY(source, open_parts(o.model.path, load));
  }
  PartedModel model(source, load);
  VERGE_TRY(std::vector<HostValue> values, model.run(inputs), "'" + o.model.path + "'");
  std::vector<NamedOutput> outputs;
  for (size_t i = 0; i < values.size(); ++i) outputs.push_back({model.outputs()[i].name, model.outputs()[i].kind, std::move(values[i])});
  if (engine && o.model.json) print_json({{"partitions", partitions_json(model.partitions())}});
  else if (engine) print_partitions(model.partitions());
  return write_outputs(o, outputs);
}

size_t inputs_in(const std::string& dir) {
  size_t n = 0;
  while (is_file(value_file(dir, "input_", n, true)) || is_file(value_file(dir, "input_", n, false))) ++n;
  return n;
}

Result<std::vector<Tensor>> read_tensors(const std::string& dir, size_t count) {
  VERGE_TRY(std::vector<HostValue> values, read_inputs(dir, std::vector<Kind>(count, Kind::kTensor)));
  std::vector<Tensor> out;
  for (HostValue& v : values) out.push_back(std::move(v.tensor));
  return out;
}

// The model, loaded for the tensors at hand: sizes that the file leaves open are theirs, and what hangs on an input's value is read off them.
Result<void> run_program(const Options& o, LoadOptions load) {
  Result<LoadedModel> m = load_model(o.model.path, load);
  if (!m.ok() && m.error().code() != Code::kUnsupported) return Error(m.error());
  VERGE_TRY(const std::vector<Tensor> tensors, read_tensors(o.input_dir, m.ok() ? m->executable.input_count() : inputs_in(o.input_dir)));
  const auto open_size = [&](size_t i) { return !(m->executable.model().input(i).shape == tensors[i].shape()); };
  bool again = !m.ok();
  for (size_t i = 0; !again && m->format != "vpk" && i < tensors.size(); ++i) again = open_size(i);
  if (again) {
    for (const Tensor& t : tensors) load.input_shapes.push_back(t.shape());
    load.at_hand = tensors;
    m = load_model(o.model.path, load);
    if (!m.ok()) return Error(m.error());
  }
  VERGE_TRY(std::vector<Tensor> values, m->executable.run(tensors));
  std::vector<NamedOutput> outputs;
  for (size_t i = 0; i < values.size(); ++i) outputs.push_back({m->executable.model().output_name(i), Kind::kTensor, std::move(values[i])});
  return write_outputs(o, outputs);
}

// kUnsupported with `why` where the options ask for other engines or plug-ins.
Result<void> runs_alone(const Options& o, const std::string& why) {
  const PlacementOptions& p = o.placement;
  const bool alone = p.prefer.empty() && p.plugins.empty() && (p.require.empty() || p.require == "verge");
  return alone ? done() : unsupported(why);
}

// The yardsticks' protocol: values in, values of the same kind of file out.
Result<void> run_folder(const Options& o) {
  if (o.output_dir.empty()) return invalid("--input-dir needs --output-dir");
  if (!is_directory(o.input_dir)) return not_found("--input-dir '" + o.input_dir + "' is no folder");
  VERGE_TRY(const LoadOptions load, load_options(o.model));
  VERGE_TRY(const MappedFile file, MappedFile::open(o.model.path));
  const bool is_onnx = !looks_like_package(file.bytes()) && formats::sniff(file.bytes()) == formats::Format::kOnnx;
  if (is_onnx) return run_parts(o, load);
  VERGE_CHECK(runs_alone(o, "'" + o.model.path + "' is no ONNX file, and only those are shared with other engines and plug-ins"));
  return run_program(o, load);
}

std::vector<float> softmax(std::vector<float> x) {
  const float most = *std::max_element(x.begin(), x.end());
  double sum = 0;
  for (float& v : x) sum += v = std::exp(v - most);
  for (float& v : x) v = static_cast<float>(v / sum);
  return x;
}

Json prediction(const std::string& name, const std::vector<float>& scores, const Json& labels, int top) {
  std::vector<size_t> order(scores.size());
  std::iota(order.begin(), order.end(), size_t{0});
  const auto n = std::min(order.size(), static_cast<size_t>(std::max(top, 1)));
  std::partial_sort(order.begin(), order.begin() + static_cast<int64_t>(n), order.end(), [&](size_t a, size_t b) { return scores[a] != scores[b] ? scores[a] > scores[b] : a < b; });
  Json out = {{"file", name}, {"top", Json::array()}};
  for (size_t i = 0; i < n; ++i) {
    const size_t k = order[i];
    const bool named = labels.is_array() && k < labels.size() && labels[k].is_string();
    out["top"].push_back({{"index", k}, {"label", named ? labels[k].get<std::string>() : std::to_string(k)}, {"score", scores[k]}});
  }
  return out;
}

void print_prediction(const Json& p) {
  std::string line = p["file"].get<std::string>();
  for (const Json& t : p["top"]) line += "  " + t["label"].get<std::string>() + " " + format("%.4g", t["score"].get<double>());
  std::puts(line.c_str());
}

// The labels of a transcript, one after the other.
Result<Json> transcript_of(const std::string& name, const Tensor& scores, const TranscriptSteps& steps, const Json& labels) {
  VERGE_TRY(const text::Transcript found, text::ctc_decode(real_values(scores), scores.shape().rank ? static_cast<size_t>(scores.shape().back(0)) : 0, steps));
  Json out = {{"file", name}, {"text", ""}, {"labels", found.labels}, {"log_probability", found.log_probability}};
  for (const int label : found.labels) out["text"] = out["text"].get<std::string>() + label_of(labels, label);
  return out;
}

Result<void> write_drawn(const Options& o, const Tensor& picture) {
  VERGE_TRY(const Bytes png, data::encode_png({picture.shape()[1], picture.shape()[0], {picture.bytes().begin(), picture.bytes().end()}}));
  return write_file(o.drawn, png);
}

// A picture with what the model gave for it.
struct Shown {
  std::string path;
  Tensor picture;
  Window window;
  std::vector<Tensor> outputs;
  int height() const { return picture.shape()[0]; }
  int width() const { return picture.shape()[1]; }
};

// Runs each picture; `describe` gives its entry of the JSON, prints it otherwise, and draws on it.
Result<void> show_pictures(const Options& o, LoadedModel& m, Preprocessor& before, const std::function<Result<Json>(Shown&)>& describe) {
  if (!o.drawn.empty() && o.files.size() != 1) return invalid("-o draws one picture, " + std::to_string(o.files.size()) + " were given");
  Json all = Json::array();
  for (const std::string& path : o.files) {
    VERGE_TRY(const Bytes bytes, read_file(path));
    Shown shown{path, {}, {}, {}};
    VERGE_TRY(shown.picture, decode_image(bytes), "'" + path + "'");
    VERGE_TRY(const Tensor input, before.run(shown.picture), "'" + path + "'");
    VERGE_TRY(shown.outputs, m.executable.run(std::span(&input, 1)));
    shown.window = window_of(before.declaration(), before.input(), shown.height(), shown.width());
    VERGE_TRY(Json entry, describe(shown));
    entry["file"] = path;
    all.push_back(std::move(entry));
    if (!o.drawn.empty()) VERGE_CHECK(write_drawn(o, shown.picture));
  }
  if (o.model.json) print_json(all);
  return done();
}

std::vector<TensorView> output_views(const rt::Model& model) {
  std::vector<TensorView> views;
  for (size_t i = 0; i < model.output_count(); ++i) views.push_back(model.output(i));
  return views;
}

// Boxes with labels, in the pixels of each picture.
Result<void> detect_files(const Options& o, LoadedModel& m, const Declaration& declaration) {
  VERGE_TRY(Preprocessor before, Preprocessor::create(declaration, m.executable.model().input(0)));
  VERGE_TRY(Detector detector, Detector::create(*declaration.detections, output_views(m.executable.model()), before.input()));
  const Json labels = m.manifest.value("labels", Json());
  return show_pictures(o, m, before, [&](Shown& s) -> Result<Json> {
    VERGE_TRY(std::vector<Detection> found, detector.run(s.outputs));
    for (Detection& d : found) {
      d = in_picture(d, s.window, s.height(), s.width());
      if (!o.model.json) std::printf("%s  %s %.3f  [%.1f, %.1f, %.1f, %.1f]\n", s.path.c_str(), label_of(labels, d.label).c_str(), d.score, d.left, d.top, d.right, d.bottom);
    }
    if (found.empty() && !o.model.json) std::printf("%s  nothing found\n", s.path.c_str());
    if (!o.drawn.empty()) video::draw_detections(s.picture, found, [&](int label) { return label_of(labels, label); });
    return Json{{"detections", detections_json(found, labels)}};
  });
}

// Points with the labels' names, in the pixels of each picture; the JSON has all of them, lines and drawings those of enough score.
Result<void> point_files(const Options& o, LoadedModel& m, const Declaration& declaration) {
  VERGE_TRY(Preprocessor before, Preprocessor::create(declaration, m.executable.model().input(0)));
  const Json labels = m.manifest.value("labels", Json());
  return show_pictures(o, m, before, [&](Shown& s) -> Result<Json> {
    VERGE_TRY(const std::vector<Keypoint> points, keypoints_of(*declaration.keypoints, s.outputs));
    Json list = Json::array();
    std::vector<Keypoint> sure;
    for (size_t i = 0; i < points.size(); ++i) {
      const Keypoint p = in_picture(points[i], s.window, s.height(), s.width());
      const std::string name = label_of(labels, static_cast<int>(i));
      list.push_back({{"label", name}, {"x", p.x}, {"y", p.y}, {"score", p.score}});
      if (p.score < static_cast<double>(declaration.keypoints->score)) continue;
      sure.push_back(p);
      if (!o.model.json) std::printf("%s  %s %.3f  (%.1f, %.1f)\n", s.path.c_str(), name.c_str(), p.score, p.x, p.y);
    }
    if (!o.drawn.empty()) video::draw_points(s.picture, sure);
    return Json{{"keypoints", std::move(list)}};
  });
}

// The share of each class, the greatest first.
Result<void> segment_files(const Options& o, LoadedModel& m, const Declaration& declaration) {
  VERGE_TRY(Preprocessor before, Preprocessor::create(declaration, m.executable.model().input(0)));
  VERGE_TRY(ClassMap map, ClassMap::create(*declaration.classes, output_views(m.executable.model()), before.input()));
  const Json labels = m.manifest.value("labels", Json());
  return show_pictures(o, m, before, [&](Shown& s) -> Result<Json> {
    VERGE_TRY(const Tensor classes, map.run(s.outputs, s.window, s.height(), s.width()));
    std::map<int, int64_t> counts;
    for (const int32_t c : classes.values<int32_t>()) ++counts[c];
    std::vector<std::pair<int64_t, int>> order;
    for (const auto& [label, count] : counts) order.emplace_back(-count, label);
    std::sort(order.begin(), order.end());
    Json list = Json::array();
    for (const auto& [minus, label] : order) {
      const double share = -static_cast<double>(minus) / static_cast<double>(classes.count());
      const std::string name = label < 0 ? "outside" : label_of(labels, label);
      list.push_back({{"index", label}, {"label", name}, {"share", share}});
      if (!o.model.json && share >= 0.005) std::printf("%s  %s %.1f %%\n", s.path.c_str(), name.c_str(), share * 100);
    }
    if (!o.drawn.empty()) video::draw_classes(s.picture, classes);
    return Json{{"classes", std::move(list)}};
  });
}

// Pictures, arrays or folders of them through the declared pipeline.
Result<void> run_files(const Options& o) {
  VERGE_CHECK(runs_alone(o, "files run through one Program; with other engines or plug-ins give tensors: --input-dir and --output-dir"));
  VERGE_TRY(const LoadOptions load, load_options(o.model));
  VERGE_TRY(LoadedModel m, load_model(o.model.path, load));
  VERGE_TRY(const std::optional<Declaration> declared, declaration_in_force(m.manifest, o.pipeline));
  if (declared && declared->sound) return run_sound(m, *declared->sound, o.files, o.model.json);
  if (m.executable.input_count() != 1) return invalid("the model has " + std::to_string(m.executable.input_count()) + " inputs; use --input-dir");
  const Declaration declaration = declared.value_or(Declaration{});
  if (declaration.detections) return detect_files(o, m, declaration);
  if (declaration.keypoints) return point_files(o, m, declaration);
  if (declaration.classes) return segment_files(o, m, declaration);
  if (!o.drawn.empty()) return invalid("-o draws boxes, points or classes, and the model declares none (docs/pipeline.md)");
  Json all = Json::array();
  for (const std::string& path : o.files) {
    DataOptions data_options;
    data_options.path = path;
    auto raw = std::make_shared<RawData>();
    if (is_file(path) && (ends_with(path, ".npy") || ends_with(path, ".bin") || ends_with(path, ".jpg") || ends_with(path, ".jpeg") || ends_with(path, ".png"))) {
      VERGE_TRY(Bytes bytes, read_file(path));
      raw->files.push_back({path, std::move(bytes), -1});
    } else {
      VERGE_TRY(*raw, read_data(data_options));
    }
    VERGE_TRY(const std::unique_ptr<Dataset> data, make_dataset(raw, m.executable.model().input(0), declaration, data_options));
    for (size_t i = 0; i < data->size(); ++i) {
      VERGE_TRY(const Sample sample, data->get(i));
      VERGE_TRY(const std::vector<Tensor> outputs, m.executable.run(sample.inputs));
      if (declaration.transcript) {
        VERGE_TRY(Json transcript, transcript_of(sample.name, outputs[0], *declaration.transcript, m.manifest.value("labels", Json())));
        if (!o.model.json) std::printf("%s  %s\n", sample.name.c_str(), transcript["text"].get<std::string>().c_str());
        all.push_back(std::move(transcript));
        continue;
      }
      std::vector<float> scores = real_values(outputs[0]);
      if (declaration.softmax) scores = softmax(std::move(scores));
      all.push_back(prediction(sample.name, scores, m.manifest.value("labels", Json()), o.top));
      if (!o.model.json) print_prediction(all.back());
    }
  }
  if (o.model.json) print_json(all);
  return done();
}

// One prediction a text where the model scores classes; else every output as it is.
Result<Json> text_result(const Options& o, TextModel& model, const std::string& words) {
  VERGE_TRY(const TextModel::Answer answer, model.run(words));
  const Tensor& first = answer.outputs.at(0);
  Json out = {{"text", words}, {"ids", answer.ids}};
  if (first.shape().rank <= 2) {
    out["top"] = prediction(words, real_values(first), model.model().manifest.value("labels", Json()), o.top)["top"];
    return out;
  }
  for (size_t i = 0; i < answer.outputs.size(); ++i) {
    const Tensor& t = answer.outputs[i];
    out["outputs"].push_back({{"name", model.model().executable.model().output_name(i)}, {"type", TensorType(t.dtype(), t.shape()).text()}, {"values", real_values(t)}});
  }
  return out;
}

void print_text_result(const Json& r) {
  std::string line = r["text"].get<std::string>() + "  (" + std::to_string(r["ids"].size()) + " tokens)";
  for (const Json& t : r.value("top", Json::array())) line += "  " + t["label"].get<std::string>() + " " + format("%.4g", t["score"].get<double>());
  for (const Json& out : r.value("outputs", Json::array())) line += "  " + out["name"].get<std::string>() + " " + out["type"].get<std::string>();
  std::puts(line.c_str());
}

Result<void> run_texts(const Options& o) {
  VERGE_CHECK(runs_alone(o, "texts run through one Program; with other engines or plug-ins give tensors: --input-dir and --output-dir"));
  VERGE_TRY(TextModel model, TextModel::open(o.model, o.text));
  Json all = Json::array();
  for (const std::string& words : o.text.texts) {
    VERGE_TRY(Json result, text_result(o, model, words));
    if (!o.model.json) print_text_result(result);
    all.push_back(std::move(result));
  }
  if (o.model.json) print_json(all);
  return done();
}

}  // namespace

void add_run(CLI::App& app, Commands& commands) {
  auto options = std::make_shared<Options>();
  CLI::App* sub = app.add_subcommand("run", "Run a model on pictures, videos, cameras, arrays or folders\n\nExamples: verge run model.vpk photo.jpg\n          verge run detector.vpk --source clip.mp4 -o found.mp4");
  add_model_options(*sub, options->model);
  add_placement_options(*sub, options->placement);
  sub->add_option("files", options->files, "pictures (.jpg, .png), arrays (.npy), folders or archives of them");
  sub->add_option("--input-dir", options->input_dir, "folder with input_0.npy or input_0.pb, input_1...");
  sub->add_option("--output-dir", options->output_dir, "folder for output_0..., of the same kind");
  sub->add_option("--pipeline", options->pipeline, "pre-processing as JSON or a file of it, instead of the package's (docs/pipeline.md)");
  sub->add_option("-o,--output", options->drawn, "draw boxes, points or classes: a .png of one picture, a video of --source");
  sub->add_option("--top", options->top, "how many classes to print")->default_val(3);
  add_video_options(*sub, options->video);
  add_text_options(*sub, options->text);
  commands.push_back({sub, [options]() -> Result<void> {
                        const Options& o = *options;
                        if (!o.video.source.empty()) return run_video(o.model, o.placement, o.pipeline, o.drawn, o.video);
                        if (!o.input_dir.empty()) return run_folder(o);
                        if (!o.text.texts.empty()) return run_texts(o);
                        if (o.files.empty()) return invalid("nothing to run on: give files, --source, --text or --input-dir");
                        return run_files(o);
                      }});
}

}  // namespace verge::cli
