#include "eval/doctor.h"

#include <cstdio>

#include "formats/npy.h"
#include "os/file.h"
#include "pipeline/decode.h"
#include "verge/command.h"
#include "verge/data_options.h"

namespace verge::cli {
namespace {

struct Options {
  ModelOptions model;
  std::string picture, tensor, pipeline;
};

Result<void> doctor(const Options& o) {
  VERGE_TRY(const LoadOptions load, load_options(o.model));
  VERGE_TRY(LoadedModel m, load_model(o.model.path, load));
  if (m.executable.input_count() != 1) return unsupported("doctor takes models with one data input; this one has " + std::to_string(m.executable.input_count()));
  VERGE_TRY(const std::optional<Declaration> declared, declaration_in_force(m.manifest, o.pipeline));
  if (!declared) return invalid("the model declares no pipeline, so there is nothing to compare with: give it with --pipeline (docs/pipeline.md)");
  VERGE_TRY(const Bytes picture_bytes, read_file(o.picture));
  VERGE_TRY(const Tensor picture, decode_image(picture_bytes), "'" + o.picture + "'");
  VERGE_TRY(const Bytes tensor_bytes, read_file(o.tensor));
  VERGE_TRY(const Tensor tensor, formats::read_npy(tensor_bytes), "'" + o.tensor + "'");
  VERGE_TRY(const Diagnosis d, diagnose(*declared, m.executable.model().input(0), picture, tensor), "'" + o.tensor + "'");
  if (o.model.json) {
    Json findings = Json::array();
    for (const Finding& f : d.findings) findings.push_back({{"what", f.what}, {"found", f.found}, {"wanted", f.wanted}});
    print_json({{"matches", d.matches}, {"max_abs_diff", d.max_abs}, {"explained", d.explained}, {"findings", std::move(findings)}, {"declared", declaration_text(*declared)}});
    return done();
  }
  std::printf("declared: %s\n", declaration_text(*declared).c_str());
  if (d.matches) std::printf("the tensor is what the pipeline makes of the picture (largest difference %.3g)\n", d.max_abs);
  for (const Finding& f : d.findings) std::printf("%-13s yours: %s\n%-13s wanted: %s\n", f.what.c_str(), f.found.c_str(), "", f.wanted.c_str());
  return done();
}

}  // namespace

void add_doctor(CLI::App& app, Commands& commands) {
  auto options = std::make_shared<Options>();
  CLI::App* sub = app.add_subcommand("doctor", "What differs between your own pre-processing and the declared one\n\nExample: verge doctor model.vpk --picture photo.jpg --tensor what_i_feed.npy");
  add_model_options(*sub, options->model);
  sub->add_option("--picture", options->picture, "a picture (.jpg, .png)")->required();
  sub->add_option("--tensor", options->tensor, "what your code feeds for it (.npy)")->required();
  sub->add_option("--pipeline", options->pipeline, "pre-processing as JSON or a file of it, instead of the model's own (docs/pipeline.md)");
  commands.push_back({sub, [options] { return doctor(*options); }});
}

}  // namespace verge::cli
