#include <cstdio>

#include "core/text.h"
#include "engine/correctable.h"
#include "formats/onnx/state_into.h"
#include "passes/pipelines.h"
#include "os/text_file.h"
#include "verge/command.h"
#include "verge/data_options.h"
#include "verge/export_options.h"
#include "verge/golden_vector.h"

namespace verge::cli {
namespace {

struct Options {
  ModelOptions model;
  std::string output, pipeline, labels, weights;
  bool golden = false, correctable = false;
  formats::ExportOptions exporting;
};

// What the options declare about pre- and post-processing and names of classes.
Result<void> add_declarations(const Options& o, Json& manifest) {
  if (!o.pipeline.empty()) {
    VERGE_TRY(const std::optional<Declaration> declared, declaration_in_force(manifest, o.pipeline));
    manifest["pipeline"] = declaration_json(*declared);
  }
  if (o.labels.empty()) return done();
  VERGE_TRY(const std::string text, read_text(o.labels), "--labels");
  manifest["labels"] = Json::array();
  for (std::string& line : split(text, '\n')) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (!line.empty()) manifest["labels"].push_back(line);
  }
  return done();
}

// The source's bytes, with the weights of a state dictionary where the options name one.
Result<Bytes> source_bytes(const Options& o) {
  VERGE_TRY(Bytes source, read_file(o.model.path));
  if (o.weights.empty()) return source;
  VERGE_TRY(const Bytes file, read_file(o.weights));
  VERGE_TRY(const formats::State state, formats::read_state(file), "'" + o.weights + "'");
  VERGE_TRY(formats::onnx::Reweighed made, formats::onnx::with_state(source, state), "'" + o.weights + "' into '" + o.model.path + "'");
  std::fprintf(stderr, "%zu weights from %s, %zu stay as they are%s%s\n", made.replaced.size(), o.weights.c_str(), made.kept.size(), made.kept.empty() ? "" : ": ", join(made.kept, ", ").c_str());
  return std::move(made.onnx);
}

Result<LoadedModel> load_source(const Options& o, const LoadOptions& load) {
  if (o.weights.empty()) return load_model(o.model.path, load);
  VERGE_TRY(const Bytes bytes, source_bytes(o));
  return load_bytes(bytes, o.model.path, load);
}

Result<void> convert_for_others(const Options& o, const LoadOptions& load) {
  VERGE_TRY(const Bytes bytes, source_bytes(o));
  VERGE_TRY(Graph graph, import_bytes(bytes, o.model.path, load));
  VERGE_CHECK(passes::prepare_unfused(graph, {.only = {}, .skip = load.skip_passes, .after = {}}), "'" + o.model.path + "'");
  return export_file(graph.compacted(), o.output, o.exporting);
}

// The same program behind a correction of its inputs that does nothing yet.
Result<void> make_correctable(LoadedModel& m) {
  Graph graph = *m.graph;
  const InputCorrection none = InputCorrection::none(channel_place(m.executable.model().input(0).shape).channels);
  VERGE_CHECK(add_correction(graph, none), "--correctable");
  VERGE_TRY(const Lowered lowered, lower(graph));
  VERGE_TRY(m.executable, Executable::open(lowered.program));
  m.manifest["correction"] = correction_json(none);
  return done();
}

Result<void> convert(const Options& o) {
  VERGE_TRY(const LoadOptions load, load_options(o.model));
  if (export_format(o.output) != formats::Format::kUnknown) return convert_for_others(o, load);
  VERGE_TRY(LoadedModel m, load_source(o, load));
  if (m.format == "vpk") return invalid("'" + o.model.path + "' is a package already");
  if (o.correctable) VERGE_CHECK(make_correctable(m));
  PackageContents contents;
  contents.manifest = m.manifest;
  contents.manifest["created_by"] = "verge " VERGE_VERSION;
  contents.manifest["source"] = {{"file", o.model.path.substr(o.model.path.rfind('/') + 1)}, {"format", m.format}, {"sha256", m.source_sha256}};
  contents.manifest["validation"] = "unverified";
  VERGE_CHECK(add_declarations(o, contents.manifest));
  contents.program.assign(m.executable.program().begin(), m.executable.program().end());
  if (o.golden) {
    VERGE_TRY(contents.golden.emplace_back(), golden_vector(m.executable));
  }
  const Bytes bytes = make_package(contents);
  VERGE_CHECK(write_file(o.output, bytes));
  if (const std::string text = constant_channels_text(m.manifest); !text.empty()) std::fprintf(stderr, "%s\n", text.c_str());
  std::fprintf(stderr, "wrote %s (%s), unverified: prove it with  verge validate\n", o.output.c_str(), human_bytes(static_cast<double>(bytes.size())).c_str());
  return done();
}

}  // namespace

void add_convert(CLI::App& app, Commands& commands) {
  auto options = std::make_shared<Options>();
  CLI::App* sub = app.add_subcommand("convert", "Turn a model into a package, or into a file for other engines, without changing its numbers\n\nExample: verge convert model.onnx -o model.vpk");
  add_model_options(*sub, options->model);
  sub->add_option("-o,--output", options->output, "what to write: .vpk, .onnx or .tflite")->required();
  sub->add_flag("--golden", options->golden, "add what the program answers to a made-up input, so that devices can test themselves");
  sub->add_flag("--correctable", options->correctable, "the input passes through a scale and an offset for each channel, which  verge repair  changes in a few bytes");
  sub->add_option("--weights", options->weights, "take the weights from a state dictionary: .safetensors, or PyTorch's .pt, .pth, .bin (docs/importing.md)");
  sub->add_option("--pipeline", options->pipeline, "pre- and post-processing as JSON or a file of it (docs/pipeline.md)");
  sub->add_option("--labels", options->labels, "names of the classes, one in a line");
  add_export_options(*sub, options->exporting);
  commands.push_back({sub, [options] { return convert(*options); }});
}

}  // namespace verge::cli
