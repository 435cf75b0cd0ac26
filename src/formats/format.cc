#include "formats/format.h"

#include "formats/keras/keras.h"
#include "formats/onnx/onnx.h"
#include "formats/tflite/tflite.h"

namespace verge::formats {

Format sniff(ByteSpan bytes) {
  if (tflite::looks_like(bytes)) return Format::kTflite;  // first: it has a magic word, ONNX has none
  if (keras::looks_like_h5(bytes) || keras::looks_like_archive(bytes)) return Format::kKeras;
  if (onnx::looks_like(bytes)) return Format::kOnnx;
  return Format::kUnknown;
}

const char* format_name(Format format) {
  switch (format) {
    case Format::kOnnx: return "ONNX";
    case Format::kTflite: return "TFLite";
    case Format::kKeras: return "Keras";
    case Format::kUnknown: break;
  }
  return "unknown";
}

Result<Graph> import_model(ByteSpan bytes, const ImportOptions& options, const std::string& file_name, ImportNotes* notes) {
  switch (sniff(bytes)) {
    case Format::kOnnx: {
      VERGE_TRY(Graph graph, onnx::import(bytes, options, notes), file_name);
      return graph;
    }
    case Format::kTflite: {
      VERGE_TRY(Graph graph, tflite::import(bytes, options, notes), file_name);
      return graph;
    }
    case Format::kKeras: {
      VERGE_TRY(Graph graph, (keras::looks_like_h5(bytes) ? keras::import_h5 : keras::import_archive)(bytes, options, notes), file_name);
      return graph;
    }
    case Format::kUnknown: break;
  }
  if (bytes.empty()) return corrupt(file_name + ": the file is empty");
  return corrupt(file_name + ": not a model: neither ONNX (a protobuf that begins with its IR version) nor TFLite (\"TFL3\" at byte 4), nor Keras (HDF5 or a zip archive)");
}

}  // namespace verge::formats
