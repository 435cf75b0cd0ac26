#include <cstdio>

#include "core/text.h"
#include "eval/choose_pipeline.h"
#include "eval/compare.h"
#include "eval/detector_score.h"
#include "eval/score.h"
#include "pipeline/preprocess.h"
#include "verge/command.h"
#include "verge/data_options.h"
#include "verge/placement_options.h"
#include "verge/progress.h"

namespace verge::cli {
namespace {

struct Options {
  ModelOptions model;
  PlacementOptions placement;
  DataOptions data;
  std::string pipeline, reference, oracle;
};

// A file of which other engines, or plug-ins, run nodes.
class PlacedModel {
 public:
  static Result<std::unique_ptr<PlacedModel>> open(const PlacementOptions& placement, const Engine& engine, const std::string& path, LoadOptions load) {
    VERGE_TRY(auto source, open_parts(path, load));
    VERGE_TRY(const std::vector<ops::HostValue> inputs, trial_inputs(source->inputs(), load));
    if (inputs.size() != 1) return unsupported("validate takes models with one data input; this one has " + std::to_string(inputs.size()));
    VERGE_TRY(load, load_placed(placement, engine, path, load, inputs));
    VERGE_TRY(source, open_parts(path, load));
    return std::make_unique<PlacedModel>(inputs[0].tensor, std::move(source), std::move(load));
  }
  PlacedModel(const Tensor& input, std::shared_ptr<const formats::PartSource> source, LoadOptions load)
      : input_{nullptr, input.dtype(), input.shape(), {}}, model_(std::move(source), std::move(load)) {}

  const TensorView& input() const { return input_; }
  Answer answer() {
    return [this](const std::vector<Tensor>& inputs) -> Result<std::vector<Tensor>> {
      VERGE_TRY(std::vector<ops::HostValue> values, model_.run({inputs.begin(), inputs.end()}));
      std::vector<Tensor> out;
      for (ops::HostValue& v : values) out.push_back(std::move(v.tensor));
      return out;
    };
  }
  std::vector<const PartitionReport*> partitions() const { return model_.partitions(); }

 private:
  TensorView input_;
  PartedModel model_;
};

Result<Declaration> declaration_for(const Options& o, LoadedModel& m, const std::shared_ptr<const RawData>& raw, Json& out) {
  VERGE_TRY(const std::optional<Declaration> declared, declaration_in_force(m.manifest, o.pipeline));
  Declaration declaration = declared.value_or(Declaration{});
  if (!declared && m.executable.model().input(0).dtype == DataType::kF32) {
    VERGE_TRY(const PipelineChoice choice, choose_pipeline(m.executable, raw, o.data));
    declaration = choice.declaration;
  }
  out["pipeline"] = declaration_text(declaration);
  out["pipeline_declared"] = declared.has_value();
  return declaration;
}

Result<Predictions> predictions_of(const Answer& answer, const TensorView& input, const std::shared_ptr<const RawData>& raw, const Declaration& declaration, const DataOptions& options,
                                   const char* stage) {
  VERGE_TRY(const std::unique_ptr<Dataset> data, make_dataset(raw, input, declaration, options));
  ProgressLine line;
  return predict(answer, *data, [&](size_t done, size_t total) {
    if (done % 64 == 0 || done == total) line.show(stage, static_cast<double>(done) / static_cast<double>(total));
  });
}

Result<Predictions> predictions_of(LoadedModel& m, const std::shared_ptr<const RawData>& raw, const Declaration& declaration, const DataOptions& options, const char* stage) {
  const Answer answer = [&](const std::vector<Tensor>& inputs) { return m.executable.run(inputs); };
  return predictions_of(answer, m.executable.model().input(0), raw, declaration, options, stage);
}

// The declaration of one model for the same model in the other layout: its pictures lie as its input says.
Declaration for_input(Declaration declaration, const TensorView& input) {
  if (!image_input(input, declaration).ok()) declaration.layout = Layout::kByShape;
  return declaration;
}

// The reference in another engine: every node of the file there.
Result<Predictions> oracle_predictions(const Options& o, const LoadOptions& load, const std::shared_ptr<const RawData>& raw, const Declaration& declaration, const DataOptions& options) {
  PlacementOptions all;
  all.require = o.oracle;
  VERGE_TRY(const std::optional<Engine> engine, engine_in_force(all));
  if (!engine) return invalid("--oracle " + o.oracle + ": wants another engine, as in --oracle onnxruntime");
  VERGE_TRY(const std::unique_ptr<PlacedModel> model, PlacedModel::open(all, *engine, o.reference, load));
  return predictions_of(model->answer(), model->input(), raw, for_input(declaration, model->input()), options, "running the oracle");
}

constexpr size_t kComparedSamples = 8;

// Names the first tensor where the two models part.
Result<void> find_divergence(LoadedModel& m, LoadedModel& other, const std::shared_ptr<const RawData>& raw, const Declaration& declaration, const DataOptions& options,
                             Json& out) {
  VERGE_TRY(const std::unique_ptr<Dataset> data, make_dataset(raw, m.executable.model().input(0), declaration, options));
  VERGE_TRY(const std::unique_ptr<Dataset> other_data, make_dataset(raw, other.executable.model().input(0), for_input(declaration, other.executable.model().input(0)), options));
  VERGE_TRY(const std::vector<TensorDifference> differences, compare_tensors(m.executable, other.executable, *data, *other_data, kComparedSamples));
  out["compared_tensors"] = differences.size();
  if (const TensorDifference* d = first_diverging(differences))
    out["first_diverging"] = {{"tensor", d->name}, {"op", d->op}, {"relative_error", d->relative}, {"max_abs_diff", d->max_abs}};
  return done();
}

void print_comparison(const Json& out) {
  std::printf("agreement  %.2f %% with %s, scores differ by at most %.3g\n", out["agreement"].get<double>() * 100, out["reference"].get<std::string>().c_str(),
              out["max_abs_diff"].get<double>());
  const Json& first = out["first_diverging"];
  if (out["compared_tensors"] == 0) return;
  if (first.is_null())
    std::printf("tensors    %zu share a name, none diverges\n", out["compared_tensors"].get<size_t>());
  else
    std::printf("tensors    %zu share a name; the first that diverges is '%s' (%s): relative error %.3g, at most %.3g\n", out["compared_tensors"].get<size_t>(),
                first["tensor"].get<std::string>().c_str(), first["op"].get<std::string>().c_str(), first["relative_error"].get<double>(), first["max_abs_diff"].get<double>());
}

Result<void> validate_placed(const Options& o, const Engine& engine, const LoadOptions& load) {
  VERGE_TRY(const std::unique_ptr<PlacedModel> model, PlacedModel::open(o.placement, engine, o.model.path, load));
  VERGE_TRY(RawData read, read_data(o.data));
  const auto raw = std::make_shared<const RawData>(std::move(read));
  VERGE_TRY(const std::optional<Declaration> declared, declaration_in_force(Json::object(), o.pipeline));
  VERGE_TRY(const Predictions p, predictions_of(model->answer(), model->input(), raw, declared.value_or(Declaration{}), o.data, "running the model"));
  const double score = top1(p);
  if (o.model.json) {
    print_json({{"model", o.model.path}, {"data", o.data.path}, {"samples", p.scores.size()}, {"top1", score >= 0 ? Json(score) : Json()}, {"partitions", partitions_json(model->partitions())}});
    return done();
  }
  std::printf("%zu samples\n", p.scores.size());
  if (score >= 0) std::printf("top-1      %.2f %%\n", score * 100);
  print_partitions(model->partitions());
  return done();
}

// A detector on pictures with boxes.
Result<void> validate_boxes(const Options& o, LoadedModel& m, const Declaration& declaration) {
  DataOptions options = o.data;
  options.class_names = class_names(m.manifest);
  VERGE_TRY(const BoxedPictures data, read_boxed_pictures(options));
  Result<DetectorScore> score = internal("");
  {
    ProgressLine line;
    score = score_detector(m.executable, declaration, data, [&](size_t done, size_t total) {
      if (done % 64 == 0 || done == total) line.show("running the model", static_cast<double>(done) / static_cast<double>(total));
    });
  }
  if (!score.ok()) return std::move(score).error();
  Json out = {{"model", o.model.path}, {"data", o.data.path}, {"pipeline", declaration_text(declaration)}, {"samples", score->pictures}, {"map50", score->precision.at_50}, {"map", score->precision.mean}};
  for (size_t i = 0; i < data.classes.size(); ++i)
    if (score->precision.by_class[i] >= 0) out["average_precision_50"][data.classes[i]] = score->precision.by_class[i];
  if (o.model.json) {
    print_json(out);
    return done();
  }
  std::printf("%zu pictures, pre-processing %s\nmAP@50     %.2f %%\nmAP        %.2f %% (mean over overlaps 0.5 to 0.95)\n", score->pictures, out["pipeline"].get<std::string>().c_str(),
              score->precision.at_50 * 100, score->precision.mean * 100);
  for (const auto& [name, ap] : out["average_precision_50"].items()) std::printf("  %-10s %.2f %%\n", name.c_str(), ap.get<double>() * 100);
  return done();
}

Result<void> validate(Options o) {
  VERGE_TRY(const LoadOptions load, load_options(o.model));
  VERGE_TRY(const std::optional<Engine> engine, engine_in_force(o.placement));
  if (engine) return validate_placed(o, *engine, load);
  if (!o.oracle.empty() && o.reference.empty()) o.reference = o.model.path;
  VERGE_TRY(LoadedModel m, load_model(o.model.path, load));
  if (m.executable.input_count() != 1) return unsupported("validate takes models with one data input; this one has " + std::to_string(m.executable.input_count()));
  VERGE_TRY(const std::optional<Declaration> declared, declaration_in_force(m.manifest, o.pipeline));
  if (declared && declared->detections && o.reference.empty()) return validate_boxes(o, m, *declared);
  DataOptions data_options = o.data;
  data_options.class_names = class_names(m.manifest);
  VERGE_TRY(RawData read, read_data(data_options));
  const auto raw = std::make_shared<const RawData>(std::move(read));
  Json out = {{"model", o.model.path}, {"data", o.data.path}};
  VERGE_TRY(const Declaration declaration, declaration_for(o, m, raw, out));
  VERGE_TRY(const Predictions p, predictions_of(m, raw, declaration, data_options, "running the model"));
  const double score = top1(p);
  out["samples"] = p.scores.size();
  out["top1"] = score >= 0 ? Json(score) : Json();
  out["agreement"] = out["max_abs_diff"] = out["first_diverging"] = nullptr;
  if (!o.oracle.empty()) {
    VERGE_TRY(const Predictions q, oracle_predictions(o, load, raw, declaration, data_options));
    out["reference"] = o.reference + " in " + o.oracle.substr(0, o.oracle.find('='));
    out["reference_top1"] = top1(q) >= 0 ? Json(top1(q)) : Json();
    out["agreement"] = agreement(p, q);
    out["max_abs_diff"] = max_difference(p, q);
    out["compared_tensors"] = 0;
  } else if (!o.reference.empty()) {
    VERGE_TRY(LoadedModel other, load_model(o.reference, load));
    VERGE_TRY(const Predictions q, predictions_of(other, raw, for_input(declaration, other.executable.model().input(0)), data_options, "running the reference"));
    out["reference"] = o.reference;
    out["reference_top1"] = top1(q) >= 0 ? Json(top1(q)) : Json();
    out["agreement"] = agreement(p, q);
    out["max_abs_diff"] = max_difference(p, q);
    VERGE_CHECK(find_divergence(m, other, raw, declaration, data_options, out));
  }
  if (o.model.json) {
    print_json(out);
    return done();
  }
  std::printf("%zu samples, pre-processing %s%s\n", p.scores.size(), out["pipeline"].get<std::string>().c_str(), out["pipeline_declared"] ? "" : " (not declared; chosen)");
  if (score >= 0) std::printf("top-1      %.2f %%\n", score * 100);
  if (!out["agreement"].is_null()) print_comparison(out);
  return done();
}

}  // namespace

void add_validate(CLI::App& app, Commands& commands) {
  auto options = std::make_shared<Options>();
  CLI::App* sub = app.add_subcommand("validate", "Score a model on data, and compare it with another\n\nExample: verge validate model.vpk --data test.tar.gz --against model.onnx");
  add_model_options(*sub, options->model);
  add_data_options(*sub, options->data, true);
  sub->add_option("--pipeline", options->pipeline, "pre-processing as JSON or a file of it, instead of the model's own (docs/pipeline.md)");
  sub->add_option("--against", options->reference, "a reference model: agreement and largest difference of scores");
  sub->add_option("--oracle", options->oracle, "run the reference (without --against the model's own .onnx) in another engine: onnxruntime");
  add_placement_options(*sub, options->placement);
  commands.push_back({sub, [options] { return validate(*options); }});
}

}  // namespace verge::cli
