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

#include "core/bytes.h"
#include "core/result.h"
#include "ir/graph.h"

namespace verge::formats {

class PartSource;

// Nodes that another engine runs, as an ONNX model of their own (ImportOptions::hand_over).
struct HandedOver {
  struct Member {
    std::string node, op, reason;
  };
  std::vector<Member> members;
  std::vector<TensorType> declared;  // of the outputs, as far as the file says
  Bytes onnx;                        // its inputs and outputs are in the order of the host node's, and named so
};

// What a node of the file costs here.
struct NodeWork {
  int64_t macs = 0, operations = 0, bytes = 0;
};

// A node between parts: control flow over bodies, results whose size depends on data, sequences, optionals. Operators have ONNX's names.
struct HostNode {
  std::string op, name;
  std::string domain;
  bool custom = false;  // a plug-in's
  int64_t opset = 0;
  std::vector<std::string> inputs, outputs;  // keys; empty: absent
  Attrs attrs;
  struct Body {
    std::shared_ptr<const PartSource> source;
    std::map<std::string, std::string> captured;  // name in the body -> key
  };
  std::map<std::string, Body> bodies;  // by the attribute's name
  std::shared_ptr<const HandedOver> handed_over;  // set: the node stands for these
};

struct Part {
  Graph graph;                                  // inputs and outputs are named by keys
  std::map<std::string, Tensor> constants;      // values that are known without running
  std::map<std::string, std::string> aliases;   // key -> the present value that it is
  std::set<std::string> wanted;                 // keys of results whose elements decide shapes or the course behind this part
  std::set<std::string> asked;                  // keys of present values whose elements do: the part is worth nothing before these are told
  std::vector<HostNode> host;                   // to be carried out behind the graph, in any order
  std::map<std::string, NodeWork> work;         // of the file's nodes in `graph`, by name, where another engine stands by
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
  // A node of the file, by the names that the file gives.
  struct FileNode {
    std::string name, op;
    std::vector<std::string> inputs, outputs;
    bool has_rule = true;  // Verge knows the operator, and those in its bodies
  };
  virtual ~PartSource() = default;
  virtual std::vector<Port> inputs() const = 0;
  virtual std::vector<Port> outputs() const = 0;
  // Those that outputs depend on, producers first.
  virtual Result<std::vector<FileNode>> nodes() const = 0;
  // kUnsupported with every blocker, kCorrupt where the file contradicts itself.
  virtual Result<Part> next(const Present& present) const = 0;
};

}  // namespace verge::formats
