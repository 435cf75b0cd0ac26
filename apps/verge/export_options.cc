#include "verge/export_options.h"

#include <cstdio>

#include "core/text.h"
#include "formats/encodings.h"
#include "os/file.h"

namespace verge::cli {
namespace {

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() > end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

Result<void> export_encodings(const Graph& graph, const std::string& path) {
  VERGE_TRY(const Json json, formats::encodings_json(graph), "'" + path + "'");
  VERGE_CHECK(write_file(path, json.dump(2) + "\n"));
  std::fprintf(stderr, "wrote %s (%zu activations, %zu weights)\n", path.c_str(), json["activation_encodings"].size(), json["param_encodings"].size());
  return done();
}

}  // namespace

void add_export_options(CLI::App& app, formats::ExportOptions& options) {
  app.add_option("--opset", options.onnx_opset, "of an .onnx file")->default_val(17)->check(CLI::Range(14, 21));
  app.add_flag_callback(
      "--qoperator", [&options] { options.onnx_form = formats::OnnxForm::kQOperator; },
      "write an int8 .onnx file with operators in integers instead of QDQ pairs");
  app.add_flag("--f16", options.f16_weights, "write the float weights of a .tflite file in half precision");
  app.add_flag("--int8-io", options.int8_io, "an int8 .tflite file takes and gives int8 instead of float");
}

formats::Format export_format(const std::string& path) {
  if (ends_with(path, ".onnx")) return formats::Format::kOnnx;
  return ends_with(path, ".tflite") ? formats::Format::kTflite : formats::Format::kUnknown;
}

Result<void> export_file(const Graph& graph, const std::string& path, const formats::ExportOptions& options) {
  if (ends_with(path, ".encodings")) return export_encodings(graph, path);
  const formats::Format format = export_format(path);
  if (format == formats::Format::kUnknown) return invalid("'" + path + "': a model for other engines is called .onnx or .tflite, its scales alone .encodings");
  VERGE_TRY(const Bytes bytes, formats::export_model(graph, format, options), "'" + path + "'");
  VERGE_CHECK(write_file(path, bytes));
  std::fprintf(stderr, "wrote %s (%s)\n", path.c_str(), human_bytes(static_cast<double>(bytes.size())).c_str());
  return done();
}

}  // namespace verge::cli
