#include "eval/compare.h"

#include <cmath>
#include <cstdio>

#include "eval/bench.h"
#include "verge/command.h"
#include "verge/data_options.h"

namespace verge::cli {
namespace {

struct Options {
  ModelOptions model;
  DataOptions data;
  std::string other, pipeline;
  size_t samples = 8;
};

using Data = std::unique_ptr<Dataset>;

Result<Data> noise(const rt::Model& model, size_t samples) {
  std::vector<Sample> out(samples);
  for (size_t s = 0; s < samples; ++s) out[s].inputs = random_inputs(model, s + 1), out[s].name = "random input " + std::to_string(s);
  return Data(std::make_unique<TensorDataset>(std::move(out), std::vector<std::string>()));
}

Result<Data> samples_for(const Options& o, const LoadedModel& m) {
  if (o.data.path.empty()) return noise(m.executable.model(), o.samples);
  VERGE_TRY(RawData raw, read_data(o.data));
  VERGE_TRY(const std::optional<Declaration> declared, declaration_in_force(m.manifest, o.pipeline));
  return make_dataset(std::make_shared<const RawData>(std::move(raw)), m.executable.model().input(0), declared.value_or(Declaration{}), o.data);
}

Result<void> check_comparable(const Options& o, const rt::Model& a, const rt::Model& b) {
  if (!o.data.path.empty()) return done();
  bool same = a.input_count() == b.input_count();
  for (size_t i = 0; same && i < a.input_count(); ++i) same = a.input(i).dtype == b.input(i).dtype && a.input(i).shape == b.input(i).shape;
  return same ? done() : invalid("the models take different inputs, so random ones do not serve both; give samples with --data");
}

double decibels(double relative) { return relative > 0 ? -20 * std::log10(relative) : INFINITY; }

Json difference_json(const TensorDifference& d) {
  return {{"tensor", d.name}, {"op", d.op}, {"relative_error", d.relative}, {"max_abs_diff", d.max_abs}, {"quantised", d.quantised}};
}

void print_differences(const std::vector<TensorDifference>& differences, const TensorDifference* first) {
  std::puts("   relative error    SQNR dB      at most  operator         tensor");
  for (const TensorDifference& d : differences)
    std::printf("%s %14.3g %10.1f %12.3g  %-15s  %s\n", &d == first ? "->" : "  ", d.relative, decibels(d.relative), d.max_abs, d.op.c_str(),
                d.name.substr(0, d.name.find(';')).c_str());
  if (first)
    std::printf("the first tensor that diverges is '%s'\n", first->name.c_str());
  else
    std::puts("no tensor diverges by more than rounding explains");
}

Result<void> run_compare(const Options& o) {
  VERGE_TRY(const LoadOptions load, load_options(o.model));
  VERGE_TRY(LoadedModel a, load_model(o.model.path, load));
  VERGE_TRY(LoadedModel b, load_model(o.other, load));
  VERGE_CHECK(check_comparable(o, a.executable.model(), b.executable.model()));
  VERGE_TRY(const Data data_a, samples_for(o, a));
  VERGE_TRY(const Data data_b, samples_for(o, b));
  VERGE_TRY(const std::vector<TensorDifference> differences, compare_tensors(a.executable, b.executable, *data_a, *data_b, o.samples));
  const TensorDifference* first = first_diverging(differences);
  if (o.model.json) {
    Json tensors = Json::array();
    for (const TensorDifference& d : differences) tensors.push_back(difference_json(d));
    print_json({{"model", o.model.path}, {"other", o.other}, {"first_diverging", first ? difference_json(*first) : Json()}, {"tensors", tensors}});
    return done();
  }
  if (differences.empty()) return invalid("the two models name no tensor alike; `verge validate --against` compares their outputs");
  print_differences(differences, first);
  return done();
}

}  // namespace

void add_compare(CLI::App& app, Commands& commands) {
  auto options = std::make_shared<Options>();
  CLI::App* sub = app.add_subcommand("compare", "Compare two models tensor by tensor\n\nExample: verge compare model.vpk model.onnx --data photos/");
  add_model_options(*sub, options->model);
  sub->add_option("other", options->other, "the model to compare with")->required();
  add_data_options(*sub, options->data, false);
  sub->add_option("--samples", options->samples, "how many samples (random ones where no data is given)")->default_val(8)->check(CLI::Range(1, 100000));
  sub->add_option("--pipeline", options->pipeline, "pre-processing as JSON or a file of it, instead of the models' own (docs/pipeline.md)");
  commands.push_back({sub, [options] { return run_compare(*options); }});
}

}  // namespace verge::cli
