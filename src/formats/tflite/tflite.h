// TFLite files (schema version 3) become a Graph of core operators.
#pragma once
#include "formats/format.h"

namespace verge::formats::tflite {

// True when the bytes carry the TFLite file identifier ("TFL3" at byte 4); no promise that the rest is sound.
bool looks_like(ByteSpan bytes);

Result<Graph> import(ByteSpan bytes, const ImportOptions& options, ImportNotes* notes = nullptr);

}  // namespace verge::formats::tflite
