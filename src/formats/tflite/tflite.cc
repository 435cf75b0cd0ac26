#include "formats/tflite/tflite.h"

#include <cstring>

#include "formats/tflite/file.h"
#include "formats/tflite/labels.h"
#include "formats/tflite/picture.h"
#include "formats/tflite/rounding.h"
#include "formats/tflite/translation.h"

namespace verge::formats::tflite {
namespace {

// Flatbuffers are read in place, which needs the bytes aligned as the file's own beginning.
constexpr size_t kAlignment = 16;

Result<Graph> import_aligned(ByteSpan bytes, const ImportOptions& options, ImportNotes& notes) {
  VERGE_TRY(const File file, File::open(bytes));
  VERGE_TRY(Graph graph, Translation(file, options, notes).run());
  if (rounds_once(file)) round_once(graph);
  if (file.model().description()) graph.metadata["description"] = file.model().description()->str();
  if (std::string labels = labels_json(bytes); !labels.empty()) graph.metadata["verge.labels"] = std::move(labels);
  if (std::string pipeline = picture_pipeline(file, graph); !pipeline.empty()) graph.metadata["verge.pipeline"] = std::move(pipeline);
  return graph;
}

}  // namespace

bool looks_like(ByteSpan bytes) { return bytes.size() >= 8 && std::memcmp(bytes.data() + 4, "TFL3", 4) == 0; }

Result<Graph> import(ByteSpan bytes, const ImportOptions& options, ImportNotes* notes) {
  ImportNotes unread;
  ImportNotes& found = notes ? *notes : unread;
  if (reinterpret_cast<uintptr_t>(bytes.data()) % kAlignment == 0) return import_aligned(bytes, options, found);
  std::vector<std::max_align_t> copy(bytes.size() / sizeof(std::max_align_t) + 1);
  std::memcpy(copy.data(), bytes.data(), bytes.size());
  return import_aligned({reinterpret_cast<const uint8_t*>(copy.data()), bytes.size()}, options, found);
}

}  // namespace verge::formats::tflite
