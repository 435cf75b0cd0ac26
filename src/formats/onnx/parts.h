// An ONNX file as a source of parts (formats/parts.h).
#pragma once
#include <memory>

#include "formats/format.h"
#include "formats/parts.h"

namespace verge::formats::onnx {

// Keeps the parsed file. `options.values` fixes inputs, `options.dims` sizes; weights outside the file are read when a part needs them.
Result<std::shared_ptr<const PartSource>> open_parts(ByteSpan bytes, const ImportOptions& options);

}  // namespace verge::formats::onnx
