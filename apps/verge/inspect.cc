#include <cstdio>

#include "core/text.h"
#include "ir/text_form.h"
#include "ops/op.h"
#include "verge/bom.h"

namespace verge::cli {
namespace {

struct Options {
  ModelOptions model;
  bool text = false, bom = false, provenance = false;
};

std::string type_text(const TensorView& v) { return std::string(dtype_name(v.dtype)) + bracketed(std::vector<int>(v.shape.dim, v.shape.dim + v.shape.rank)); }

Json io_json(const char* name, const TensorView& v) {
  Json out = {{"name", name}, {"dtype", dtype_name(v.dtype)}, {"shape", std::vector<int>(v.shape.dim, v.shape.dim + v.shape.rank)}};
  if (v.quant.count == 1) out["quantization"] = {{"scale", v.quant.scale[0]}, {"zero_point", v.quant.zero_point[0]}};
  return out;
}

Json description(const LoadedModel& m) {
  const rt::Model& model = m.executable.model();
  Json out = {{"file", m.path},
              {"format", m.format},
              {"file_bytes", m.file_bytes},
              {"source_sha256", m.source_sha256},
              {"macs", model.macs()},
              {"instructions", model.instruction_count()},
              {"weight_bytes", model.const_bytes()},
              {"arena_bytes", model.arena_bytes()}};
  for (size_t i = 0; i < model.input_count(); ++i) out["inputs"].push_back(io_json(model.input_name(i), model.input(i)));
  for (size_t i = 0; i < model.output_count(); ++i) out["outputs"].push_back(io_json(model.output_name(i), model.output(i)));
  std::map<std::string, int> counts;
  for (size_t i = 0; i < model.instruction_count(); ++i) ++counts[model.operator_name(i)];
  out["operators"] = counts;
  out["manifest"] = m.manifest;
  return out;
}

void print_text(const LoadedModel& m) {
  const rt::Model& model = m.executable.model();
  std::printf("%s: %s, %s\n", m.path.c_str(), m.format.c_str(), human_bytes(static_cast<double>(m.file_bytes)).c_str());
  for (size_t i = 0; i < model.input_count(); ++i) std::printf("  input   %-24s %s\n", model.input_name(i), type_text(model.input(i)).c_str());
  for (size_t i = 0; i < model.output_count(); ++i) std::printf("  output  %-24s %s\n", model.output_name(i), type_text(model.output(i)).c_str());
  std::printf("  %s MACs, %zu instructions, weights %s, arena %s\n", with_commas(static_cast<int64_t>(model.macs())).c_str(), model.instruction_count(),
              human_bytes(static_cast<double>(model.const_bytes())).c_str(), human_bytes(static_cast<double>(model.arena_bytes())).c_str());
  if (const std::string text = constant_channels_text(m.manifest); !text.empty()) std::printf("  %s\n", text.c_str());
  std::map<std::string, int> counts;
  for (size_t i = 0; i < model.instruction_count(); ++i) ++counts[model.operator_name(i)];
  for (const auto& [op, n] : counts) std::printf("  %4d x %s\n", n, op.c_str());
}

Result<void> inspect(const Options& o) {
  VERGE_TRY(const LoadOptions load, load_options(o.model));
  if (o.text) {
    VERGE_TRY(const Graph graph, import_file(o.model.path, load));
    std::fputs(print_graph(graph, {.constant_data = false, .types = true}).c_str(), stdout);
    return done();
  }
  VERGE_TRY(const LoadedModel m, load_model(o.model.path, load));
  if (o.bom || o.provenance) {
    VERGE_TRY(const Json paper, bill_of_materials(m, o.bom ? Paper::kMaterials : Paper::kProvenance));
    print_json(paper);
  } else if (o.model.json) {
    print_json(description(m));
  } else {
    print_text(m);
  }
  return done();
}

}  // namespace

void add_inspect(CLI::App& app, Commands& commands) {
  auto options = std::make_shared<Options>();
  CLI::App* sub = app.add_subcommand("inspect", "What a model is: inputs, outputs, operators, memory\n\nExample: verge inspect model.onnx");
  add_model_options(*sub, options->model);
  sub->add_flag("--text", options->text, "print the imported graph in its text form instead");
  sub->add_flag("--bom", options->bom, "print a package's bill of materials (CycloneDX 1.6) instead");
  sub->add_flag("--provenance", options->provenance, "print what a package was made from and how (in-toto, SLSA v1) instead")->excludes("--bom");
  commands.push_back({sub, [options] { return inspect(*options); }});
}

}  // namespace verge::cli
