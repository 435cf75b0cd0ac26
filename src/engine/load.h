// From a file of any known format to something that runs: the one way that the command line, the C ABI, evaluation and quantisation share.
//
//   onnx, tflite: import -> prepare (passes) -> lower -> open
//   vpk:          map -> open in place
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/result.h"
#include "ir/graph.h"
#include "lower/executable.h"
#include "lower/lower.h"
#include "packaging/package_file.h"

namespace verge {

class Delegate;
class Plugins;
namespace formats {
struct HandOver;
}

// What products of floats are computed in. bf16: both factors are rounded to bfloat16, sums stay f32.
enum class Precision : uint8_t { kF32, kBf16 };

struct LoadOptions {
  int threads = 1;
  std::map<std::string, int64_t> dims;         // sizes of symbolic dimensions: --dim N=8
  std::map<std::string, Tensor> values;        // inputs that are fixed: --bind NAME=VALUE
  std::vector<Shape> input_shapes;             // shapes of the inputs at hand, in graph order; bind what `dims` leaves open
  std::vector<Tensor> at_hand;                 // the inputs of this run, in graph order: axes and sizes that hang on an input's value are read off them
  Precision precision = Precision::kF32;       // of products of floats in source files; a package has what it was made with
  bool verify_package = false;                 // compare every section with its hash
  std::vector<std::string> skip_passes;        // by name
  bool stripes = true;                         // LowerOptions::stripes: false keeps one instruction a layer
  std::shared_ptr<const Delegate> delegate;    // another engine for what `hand_over` says, in models that are run in parts
  std::shared_ptr<const formats::HandOver> hand_over;
  std::shared_ptr<const Plugins> plugins;      // operators of the user's own, in the same models
  bool check_borders = false;                  // compare that engine's results with Verge's, where Verge has rules for the nodes; a plug-in's with its reference
};

// The portable graph of a source file with every dimension bound: `dims` first, then `input_shapes`, then 1 for what is still open (a batch).
// A package holds no portable graph: kUnsupported.
Result<Graph> import_file(const std::string& path, const LoadOptions& options = {});
// The same from bytes; `file_name` only names the file in errors.
Result<Graph> import_bytes(ByteSpan bytes, const std::string& file_name, const LoadOptions& options = {});

// prepare + lower. `graph` becomes the prepared graph.
Result<Lowered> compile(Graph& graph, const LoadOptions& options = {});

struct LoadedModel {
  std::string path;
  std::string format;                  // "onnx", "tflite", "vpk"
  size_t file_bytes = 0;
  std::string source_sha256;           // of the file, or for a package of the model it was made from
  std::shared_ptr<const Graph> graph;  // as prepared for lowering; null for a package
  Json manifest;                       // of the package, or {"name", "labels", "pipeline"} as far as the source declares them, and "constant_channels"
  Executable executable;
};

Result<LoadedModel> load_model(const std::string& path, const LoadOptions& options = {});
// The same from bytes of a source file; `path` names it.
Result<LoadedModel> load_bytes(ByteSpan bytes, const std::string& path, const LoadOptions& options = {});

}  // namespace verge
