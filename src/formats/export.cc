#include "formats/export.h"

#include "formats/onnx/exporter.h"
#include "formats/tflite/exporter.h"

namespace verge::formats {

Result<Bytes> export_model(const Graph& graph, Format format, const ExportOptions& options) {
  switch (format) {
    case Format::kOnnx: return onnx::export_graph(graph, options);
    case Format::kTflite: return tflite::export_graph(graph, options);
    case Format::kKeras:
    case Format::kUnknown: break;
  }
  return unsupported(std::string("models can be written as ONNX and TFLite, not as ") + format_name(format));
}

}  // namespace verge::formats
