// A model whose shapes or course depend on data, imported part by part.
//
//   present values --next()--> Part: a Graph that runs as far as shapes are known, values that must be known to go on, and nodes that the host carries out
//
// The caller runs the part, adds its results to the present values, and asks for the next part until every output is present. Values have keys: their
// names, with the path of control-flow nodes in front where they stand in the body of one.
#pragma once
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/result.h"
#include "ir/graph.h"

namespace verge::formats {

class PartSource;

// A node between parts: control flow over bodies, results whose size depends on data, sequences, optionals. Operators have ONNX's names.
struct HostNode {
  std::string op, name;
  int64_t opset = 0;
  std::vector<std::string> inputs, outputs;  // keys; empty: absent
  Attrs attrs;
  struct Body {
    std::shared_ptr<const PartSource> source;
    std::map<std::string, std::string> captured;  // name in the body -> key
  };
  std::map<std::string, Body> bodies;  // by the attribute's name
};

struct Part {
  Graph graph;                                  // inputs and outputs are named by keys
  std::map<std::string, Tensor> constants;      // values that are known without running
  std::map<std::string, std::string> aliases;   // key -> the present value that it is
  std::set<std::string> wanted;                 // keys of results whose elements decide shapes or the course behind this part
  std::set<std::string> asked;                  // keys of present values whose elements do: the part is worth nothing before these are told
  std::vector<HostNode> host;                   // to be carried out behind the graph, in any order
};

// What is there before a part. Elements are told for those that were wanted or asked for.
struct Present {
  std::map<std::string, TensorType> tensors;
  std::set<std::string> others;             // sequences and optionals
  std::map<std::string, Tensor> elements;
};

class PartSource {
 public:
  enum class Kind : uint8_t { kTensor, kSequence, kOptional, kOther };
  struct Port {
    std::string name;
    Kind kind = Kind::kTensor;
    TensorType type;  // of tensors
  };
  virtual ~PartSource() = default;
  virtual std::vector<Port> inputs() const = 0;
  virtual std::vector<Port> outputs() const = 0;
  // kUnsupported with every blocker, kCorrupt where the file contradicts itself.
  virtual Result<Part> next(const Present& present) const = 0;
};

}  // namespace verge::formats
