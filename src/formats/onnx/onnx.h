// ONNX files (any IR version, ai.onnx operators of opset 7 and newer, the com.microsoft ones that exporters write) become a Graph of core operators.
#pragma once
#include "formats/format.h"

namespace verge::formats::onnx {

// True when the bytes begin as a ModelProto does; cheap, and no promise that the rest is sound.
bool looks_like(ByteSpan bytes);

Result<Graph> import(ByteSpan bytes, const ImportOptions& options, ImportNotes* notes = nullptr);

}  // namespace verge::formats::onnx
