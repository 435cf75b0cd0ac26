// How the sums of an int8 TFLite file are rounded. The format does not say: TFLM and LiteRT's reference kernels round twice, LiteRT's own kernels (XNNPACK) once,
// half to even. Files that were made for the latter carry a metadata entry, so that Verge computes what they were made for; other engines ignore it.
#pragma once
#include "formats/tflite/file.h"
#include "ir/graph.h"

namespace verge::formats::tflite {

inline constexpr const char* kRoundingEntry = "verge.rounding";
inline constexpr const char* kRoundsOnce = "once";

// Whether a node of the graph rounds as "onnx" (docs/integer.md) does.
bool rounds_once(const Graph& graph);
// Whether the file's entry says so.
bool rounds_once(const File& file);
// Every integer sum of the graph from now on; types are known.
void round_once(Graph& graph);

}  // namespace verge::formats::tflite
