// Options of commands that write models for other engines.
#pragma once
#include "formats/export.h"
#include "verge/command.h"

namespace verge::cli {

void add_export_options(CLI::App& app, formats::ExportOptions& options);
// ".onnx" and ".tflite" name formats that can be written; kUnknown for other names.
formats::Format export_format(const std::string& path);
// Writes `graph` (formats/export.h says in which form) to the file; its name decides the format.
Result<void> export_file(const Graph& graph, const std::string& path, const formats::ExportOptions& options);

}  // namespace verge::cli
