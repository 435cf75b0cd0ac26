#include "formats/onnx/onnx.h"

#include <limits>

#include "formats/onnx/importer.h"

namespace verge::formats::onnx {
namespace {

// Field numbers of ModelProto whose wire type is "length follows"; the others are numbers.
bool is_model_tag(uint8_t tag) {
  const int field = tag >> 3, wire = tag & 7;
  switch (field) {
    case 1:
    case 5: return wire == 0;
    case 2:
    case 3:
    case 4:
    case 6:
    case 7:
    case 8:
    case 14: return wire == 2;
    default: return false;
  }
}

}  // namespace

bool looks_like(ByteSpan bytes) { return bytes.size() >= 2 && is_model_tag(bytes[0]); }

Result<Graph> import(ByteSpan bytes, const ImportOptions& options, ImportNotes* notes) {
  if (bytes.size() > static_cast<size_t>(std::numeric_limits<int>::max())) return unsupported("an ONNX file of 2 GB or more; keep its weights in external data");
  verge::onnx_pb::ModelProto model;
  if (!model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return corrupt("not an ONNX model, or cut off: the protobuf wire format is broken");
  if (!model.has_graph()) return corrupt("the model holds no graph");
  ImportNotes unread;
  return Importer(model, options, notes ? *notes : unread).run();
}

}  // namespace verge::formats::onnx
