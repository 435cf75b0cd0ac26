#include <cstdio>

#include "core/text.h"
#include "passes/pipelines.h"
#include "verge/command.h"
#include "verge/export_options.h"

namespace verge::cli {
namespace {

struct Options {
  ModelOptions model;
  std::string output;
  bool golden = false;
  formats::ExportOptions exporting;
};

// What the program answers to pixels that look like noise: with it a device tests itself.
Result<GoldenVector> golden_vector(Executable& executable) {
  GoldenVector out;
  for (size_t i = 0; i < executable.input_count(); ++i) {
    const TensorView in = executable.model().input(i);
    if (in.dtype != DataType::kF32 && in.dtype != DataType::kU8 && in.dtype != DataType::kI8)
      return unsupported(std::string("--golden: input '") + executable.model().input_name(i) + "' is " + dtype_name(in.dtype) +
                         "; f32, u8 and i8 can be made up");
    out.inputs.push_back(seeded_tensor(in.dtype, in.shape, 1));
  }
  VERGE_TRY(out.outputs, executable.run(out.inputs));
  return out;
}

Result<void> convert_for_others(const Options& o, const LoadOptions& load) {
  VERGE_TRY(Graph graph, import_file(o.model.path, load));
  VERGE_CHECK(passes::prepare_unfused(graph, {.only = {}, .skip = load.skip_passes, .after = {}}), "'" + o.model.path + "'");
  return export_file(graph.compacted(), o.output, o.exporting);
}

Result<void> convert(const Options& o) {
  VERGE_TRY(const LoadOptions load, load_options(o.model));
  if (export_format(o.output) != formats::Format::kUnknown) return convert_for_others(o, load);
  VERGE_TRY(LoadedModel m, load_model(o.model.path, load));
  PackageContents contents;
  contents.manifest = m.manifest;
  contents.manifest["created_by"] = "verge " VERGE_VERSION;
  if (m.format == "vpk") return invalid("'" + o.model.path + "' is a package already");
  contents.manifest["source"] = {{"file", o.model.path.substr(o.model.path.rfind('/') + 1)}, {"format", m.format}, {"sha256", m.source_sha256}};
  contents.manifest["validation"] = "unverified";
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
  add_export_options(*sub, options->exporting);
  commands.push_back({sub, [options] { return convert(*options); }});
}

}  // namespace verge::cli
