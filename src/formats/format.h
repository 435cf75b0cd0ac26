// The one door through which model files enter: bytes of any known format become a Graph. The format is told from the bytes, never from the name.
//
// Every blocker of a file is reported at once (Code::kUnsupported, see blockers.h); damaged files give Code::kCorrupt and name the place. Hostile bytes
// cost memory in proportion to the file, plus at most `max_computed_bytes` of constants that the file only describes.
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/bytes.h"
#include "core/result.h"
#include "ir/graph.h"

namespace verge::formats {

// Which nodes of a model that is run in parts another engine takes.
struct HandOver {
  bool blocked = true;          // those that Verge has no rule for
  bool all = false;             // every node
  std::set<std::string> nodes;  // these, by name
};

struct ImportOptions {
  std::map<std::string, int64_t> dims;           // sizes of symbolic dimensions by symbol: {"N", 8}; the others stay symbolic
  std::map<std::string, Shape> shapes;           // of inputs, where the file leaves sizes open
  std::map<std::string, Tensor> values;          // inputs that are fixed for good: they become constants, and are no inputs of the Graph
  std::map<std::string, Tensor> given;           // values that inputs have in this run: axes, sizes and weights are read off them, data stays data
  std::string base_dir;                          // the folder that weights outside the file are relative to; empty: such weights are refused
  std::shared_ptr<const HandOver> hand_over;     // null: no other engine stands by
  std::set<std::string> custom;                  // "domain:op" of operators that plug-ins bring, in models that are run in parts
  size_t max_computed_bytes = size_t{1} << 30;   // constants that the file computes rather than holds (a fill, a range)
};

// What an import found out beside the Graph, whether it ends well or not.
struct ImportNotes {
  std::vector<std::string> inputs;  // names, in order
  std::set<std::string> asked;  // inputs whose values decide axes, sizes or weights, and that are neither in `values` nor in `given`
  std::set<std::string> used;   // those of `given` that were read
};

enum class Format : uint8_t { kUnknown, kOnnx, kTflite, kKeras };

Format sniff(ByteSpan bytes);
const char* format_name(Format format);

// `file_name` only names the file in errors.
Result<Graph> import_model(ByteSpan bytes, const ImportOptions& options, const std::string& file_name, ImportNotes* notes = nullptr);

}  // namespace verge::formats
