#include "codegen/codegen.h"

#include <cstdio>
#include <filesystem>

#include "codegen/exports/exports.h"
#include "core/text.h"
#include "verge/command.h"

namespace verge::cli {
namespace {

struct Options {
  ModelOptions model;
  codegen::Options code;
  std::string folder, mode = "fast", project;
};

Result<codegen::Mode> mode_of(const std::string& name) {
  if (name == "fast") return codegen::Mode::kFast;
  if (name == "small") return codegen::Mode::kSmall;
  if (name == "flash") return codegen::Mode::kFlash;
  return invalid("--mode " + name + ": wants fast, small or flash");
}

Json report_json(const codegen::Report& r) {
  Json out = {{"arena_bytes", r.arena_bytes}, {"arena_lower_bound", r.arena_lower_bound}, {"weight_bytes", r.weight_bytes}, {"macs", r.macs}};
  for (const codegen::LayerReport& l : r.layers)
    out["layers"].push_back({{"name", l.name}, {"kind", l.kind}, {"macs", l.macs}, {"weight_bytes", l.weight_bytes}, {"live_bytes", l.live_bytes}});
  return out;
}

void print_report(const codegen::Report& r) {
  std::printf("%4s %-12s %12s %10s %10s  %s\n", "", "layer", "MACs", "weights", "live", "name");
  for (size_t i = 0; i < r.layers.size(); ++i) {
    const codegen::LayerReport& l = r.layers[i];
    std::printf("%4zu %-12s %12s %10s %10s  %s\n", i, l.kind.c_str(), with_commas(l.macs).c_str(), with_commas(l.weight_bytes).c_str(), with_commas(l.live_bytes).c_str(), l.name.c_str());
  }
  std::printf("weights %s bytes, arena %s bytes (no plan is below %s), %s MACs\n", with_commas(r.weight_bytes).c_str(), with_commas(r.arena_bytes).c_str(),
              with_commas(r.arena_lower_bound).c_str(), with_commas(r.macs).c_str());
}

Result<void> write_files(const std::string& folder, const std::vector<codegen::GeneratedFile>& files) {
  for (const codegen::GeneratedFile& file : files) {
    const std::filesystem::path path = std::filesystem::path(folder) / file.name;
    VERGE_CHECK(make_directories(path.parent_path().string()));
    VERGE_CHECK(write_file(path.string(), file.text));
  }
  return done();
}

Result<void> run(Options o) {
  VERGE_TRY(const LoadOptions load, load_options(o.model));
  VERGE_TRY(const LoadedModel m, load_model(o.model.path, load));
  VERGE_TRY(o.code.mode, mode_of(o.mode));
  const std::filesystem::path path(o.model.path);
  if (o.code.name.empty()) o.code.name = codegen::identifier(path.stem().string());
  o.code.source_file = path.filename().string();
  o.code.source_sha256 = m.source_sha256;
  o.code.tool_version = "verge " VERGE_VERSION;
  VERGE_TRY(const codegen::Generated generated, codegen::generate(m.executable.model(), o.code), "'" + o.model.path + "'");
  std::vector<codegen::GeneratedFile> files = generated.files;
  if (!o.project.empty()) {
    VERGE_TRY(files, codegen::export_project(o.project, generated.files, o.code));
  }
  VERGE_CHECK(write_files(o.folder, files));
  if (o.model.json) {
    print_json(report_json(generated.report));
  } else {
    print_report(generated.report);
  }
  return done();
}

}  // namespace

void add_codegen(CLI::App& app, Commands& commands) {
  auto options = std::make_shared<Options>();
  CLI::App* sub = app.add_subcommand("codegen", "C99 for a microcontroller: no heap, no interpreter, the same bytes\n\nExample: verge codegen model.tflite --target cortex-m4 -o generated");
  add_model_options(*sub, options->model);
  sub->add_option("--target", options->code.target, join(codegen::target_names(), ", "))->default_val(options->code.target);
  sub->add_option("--name", options->code.name, "prefix of the symbols and stem of the files (the model file's stem)");
  sub->add_option("--mode", options->mode, "fast; small: less RAM; flash: less flash")->default_val(options->mode);
  sub->add_flag("--harness", options->code.harness, "also write bench_NAME.c for a measuring harness");
  sub->add_option("--export", options->project, "write a project around the files: " + join(codegen::export_names(), ", "));
  sub->add_option("-o,--output", options->folder, "the folder to write to")->required();
  commands.push_back({sub, [options] { return run(*options); }});
}

}  // namespace verge::cli
