// The one door through which model files enter: bytes of any known format become a Graph. The format is told from the bytes, never from the name.
//
// Every blocker of a file is reported at once (Code::kUnsupported, see blockers.h); damaged files give Code::kCorrupt and name the place. Hostile bytes
// cost memory in proportion to the file, plus at most `max_computed_bytes` of constants that the file only describes.
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "core/bytes.h"
#include "core/result.h"
#include "ir/graph.h"

namespace verge::formats {

struct ImportOptions {
  std::map<std::string, int64_t> dims;           // sizes of symbolic dimensions by symbol: {"N", 8}; the others stay symbolic
  std::map<std::string, Tensor> values;          // inputs whose values are known now: what the file computes from them (axes, sizes) is known too
  std::string base_dir;                          // the folder that weights outside the file are relative to; empty: such weights are refused
  size_t max_computed_bytes = size_t{1} << 30;   // constants that the file computes rather than holds (a fill, a range)
};

enum class Format : uint8_t { kUnknown, kOnnx, kTflite };

Format sniff(ByteSpan bytes);
const char* format_name(Format format);

// `file_name` only names the file in errors.
Result<Graph> import_model(ByteSpan bytes, const ImportOptions& options, const std::string& file_name);

}  // namespace verge::formats
