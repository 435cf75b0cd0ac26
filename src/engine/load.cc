#include "engine/load.h"

#include <filesystem>

#include "core/digest.h"
#include "core/text.h"
#include "formats/format.h"
#include "lower/residency.h"
#include "lower/tuning.h"
#include "ops/op.h"
#include "passes/pipelines.h"
#include "passes/functions_into_bf16.h"
#include "passes/products_in_bf16.h"
#include "passes/values_in_bf16.h"

namespace verge {
namespace {

constexpr int64_t kFewestBytesInBf16 = 96 * 1024;  // ResNet-8's 64 KB are 1.12 times as fast in f32, BERT-tiny's 256 KB 0.84 times

// Sizes for the symbols that are still open after an import, from the tensors at hand, else 1.
std::map<std::string, int64_t> open_dimensions(const Graph& graph, const LoadOptions& options) {
  std::map<std::string, int64_t> out;
  for (size_t i = 0; i < graph.inputs().size(); ++i) {
    const TensorType& type = graph.type(graph.inputs()[i]);
    for (int d = 0; d < type.rank(); ++d) {
      const Dim& dim = type.dims[d];
      if (dim.known() || dim.symbol.empty() || out.count(dim.symbol)) continue;
      const bool given = i < options.input_shapes.size() && options.input_shapes[i].rank == type.rank();
      out[dim.symbol] = given ? options.input_shapes[i][d] : 1;
    }
  }
  return out;
}

// The graph; where inputs decide axes or sizes, by the values that they have in this run.
Result<Graph> imported(ByteSpan bytes, formats::ImportOptions& import, const std::string& file_name, const std::vector<Tensor>& at_hand) {
  formats::ImportNotes notes;
  Result<Graph> graph = formats::import_model(bytes, import, file_name, &notes);
  if (graph.ok() || notes.asked.empty() || at_hand.size() != notes.inputs.size()) return graph;
  for (size_t i = 0; i < at_hand.size(); ++i) import.given[notes.inputs[i]] = at_hand[i];
  return formats::import_model(bytes, import, file_name);
}

std::string folder_of(const std::string& path) { return std::filesystem::path(path).parent_path().string(); }

// What the graph's metadata says as JSON under "verge.KEY", as the manifest's KEY.
void add_note(const Graph& graph, const char* key, Json& manifest) {
  const auto it = graph.metadata.find(std::string("verge.") + key);
  if (it == graph.metadata.end()) return;
  if (auto value = parse_json(it->second); value.ok()) manifest[key] = *value;
}

Json declared(const Graph& graph, const std::string& path) {
  Json manifest = {{"name", std::filesystem::path(path).stem().string()}};
  for (const char* key : {"labels", "pipeline"}) add_note(graph, key, manifest);
  return manifest;
}

Result<LoadedModel> load_package(const std::string& path, const LoadOptions& options) {
  VERGE_TRY(PackageFile file, open_package(path, options.verify_package ? Verify::kFull : Verify::kStructure));
  const ByteSpan program = file.program();
  if (program.empty()) return unsupported("package '" + path + "' holds no program");
  if (options.precision == Precision::kBf16 && file.manifest.value("precision", "f32") != "bf16")
    return invalid("package '" + path + "' was made with products in f32; for bf16 make one of the source model: verge convert MODEL -o OUT.vpk --precision bf16");
  if (memory_limit() > 0 && file.owner != file.mapping)
    return unsupported("package '" + path + "' is compressed; with a limit of memory weights are read from the file while the model runs: verge convert MODEL -o OUT.vpk makes one that is not");
  VERGE_TRY(Executable executable, Executable::open_in_place(file.owner, program, {options.threads}), "package '" + path + "'");
  std::string source = file.manifest.value("source", Json::object()).value("sha256", "");
  return LoadedModel{path, "vpk", file.mapping->bytes().size(), std::move(source), nullptr, file.manifest, std::move(executable)};
}

}  // namespace

Result<Graph> import_bytes(ByteSpan bytes, const std::string& file_name, const LoadOptions& options) {
  if (looks_like_package(bytes)) return unsupported("'" + file_name + "' is a package; this needs the source model (.onnx, .tflite)");
  formats::ImportOptions import;
  import.dims = options.dims;
  import.base_dir = folder_of(file_name);
  import.values = options.values;
  VERGE_TRY(Graph graph, imported(bytes, import, file_name, options.at_hand));
  const auto open = open_dimensions(graph, options);
  if (!open.empty()) {  // again with sizes, so that shape arithmetic folds
    import.dims.insert(open.begin(), open.end());
    VERGE_TRY(graph, formats::import_model(bytes, import, file_name));
  }
  return graph;
}

Result<Graph> import_file(const std::string& path, const LoadOptions& options) {
  VERGE_TRY(const MappedFile file, MappedFile::open(path));
  return import_bytes(file.bytes(), path, options);
}

Result<Lowered> compile(Graph& graph, const LoadOptions& options) {
  passes::PassOptions pass_options;
  pass_options.skip = options.skip_passes;
  VERGE_CHECK(passes::prepare(graph, pass_options));
  if (options.precision == Precision::kBf16 && passes::products_in_bf16(graph) > 0 && passes::values_in_bf16(graph, kFewestBytesInBf16) > 0) passes::functions_into_bf16(graph);
  ops::LowerOptions lower_options;
  lower_options.threads = options.threads;
  lower_options.stripes = options.stripes;
  return lower(graph, lower_options);
}

Result<LoadedModel> load_model(const std::string& path, const LoadOptions& options) {
  use_machine_tuning();
  VERGE_TRY(const MappedFile file, MappedFile::open(path));
  if (looks_like_package(file.bytes())) return load_package(path, options);
  if (memory_limit() > 0) return unsupported("'" + path + "': with a limit of memory weights are read from a package while the model runs: verge convert MODEL -o OUT.vpk");
  return load_bytes(file.bytes(), path, options);
}

Result<LoadedModel> load_bytes(ByteSpan bytes, const std::string& path, const LoadOptions& options) {
  VERGE_TRY(Graph graph, import_bytes(bytes, path, options));
  Json manifest = declared(graph, path);
  VERGE_TRY(Lowered lowered, compile(graph, options), "'" + path + "'");
  add_note(graph, "constant_channels", manifest);
  if (options.precision == Precision::kBf16) manifest["precision"] = "bf16";
  VERGE_TRY(Executable executable, Executable::open(lowered.program, {options.threads}), "'" + path + "'");
  return LoadedModel{path,
                     formats::format_name(formats::sniff(bytes)),
                     bytes.size(),
                     sha256_hex(bytes),
                     std::make_shared<const Graph>(std::move(graph)),
                     std::move(manifest),
                     std::move(executable)};
}

}  // namespace verge
