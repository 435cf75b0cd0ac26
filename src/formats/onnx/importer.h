// A parsed ModelProto becomes a Graph.
#pragma once
#include <map>
#include <string>

#include "formats/blockers.h"
#include "formats/format.h"
#include "formats/onnx/builder.h"
#include "formats/onnx/node_order.h"
#include "formats/onnx/table.h"
#include "onnx.pb.h"

namespace verge::formats::onnx {

class Importer {
 public:
  Importer(const verge::onnx_pb::ModelProto& model, const ImportOptions& options, ImportNotes& notes)
      : model_(model), options_(options), notes_(notes), sizes_(options.dims), builder_(graph_, options.max_computed_bytes) {}

  // All blockers at once as kUnsupported; kCorrupt where the file contradicts itself.
  Result<Graph> run();

 private:
  // Names of one graph and, for the body of an If, of the graph around it.
  struct Scope {
    Scope* outer = nullptr;
    const verge::onnx_pb::GraphProto* proto = nullptr;
    std::map<std::string, ValueId> values;
    std::map<std::string, const verge::onnx_pb::TensorProto*> initializers;  // constants are made when first read
    std::map<std::string, const verge::onnx_pb::ValueInfoProto*> infos;
    std::string prefix;  // of names made up for nodes without name
  };

  Result<void> read_opsets();
  Result<void> open_scope(Scope& scope);
  Result<void> add_inputs(Scope& scope);
  Result<void> add_input(Scope& scope, const verge::onnx_pb::ValueInfoProto& info);
  // The declared type with the sizes that this run's shape gives to what is open, and from here on to the symbols' other places.
  Result<TensorType> sized(const std::string& name, TensorType declared);
  Result<void> add_outputs(Scope& scope);
  void keep_metadata();

  bool defined(const Scope& scope, const std::string& name) const;
  Result<ValueId> value_of(Scope& scope, const std::string& name);
  Result<ValueId> constant_of(Scope& scope, const std::string& name, const verge::onnx_pb::TensorProto& proto);

  Result<void> translate_nodes(Scope& scope);
  Result<void> translate_node(Scope& scope, const verge::onnx_pb::NodeProto& node, const std::string& name, const NodeOrder& order);
  Result<void> translate(Scope& scope, NodeContext::Source source, const Row& row);
  Result<std::vector<ValueId>> inputs_of(Scope& scope, const verge::onnx_pb::NodeProto& node, const std::string& name);
  // Outputs get values of which nothing is known.
  void leave_unknown(Scope& scope, const verge::onnx_pb::NodeProto& node);
  Result<void> translate_if(Scope& scope, const verge::onnx_pb::NodeProto& node, const std::string& name, const std::vector<ValueId>& inputs);
  // An If whose condition is known: the branch that is taken, in place of the node.
  Result<void> inline_branch(Scope& scope, const verge::onnx_pb::NodeProto& node, bool condition);
  // The node cannot be translated: its outputs get values of the types that the file declares, so that the nodes behind it can still be looked at.
  void block(Scope& scope, const verge::onnx_pb::NodeProto& node, const std::string& name, const std::vector<ValueId>& inputs, std::string reason,
             std::string remedy);
  // Blockers inside the bodies of a node that is blocked itself: operators without translation.
  void survey_bodies(const verge::onnx_pb::NodeProto& node, const std::string& name);
  int64_t opset_of(const std::string& domain) const;
  std::string op_text(const verge::onnx_pb::NodeProto& node) const;

  const verge::onnx_pb::ModelProto& model_;
  const ImportOptions& options_;
  ImportNotes& notes_;
  std::map<std::string, int64_t> sizes_;  // of symbolic dimensions
  Graph graph_;
  Builder builder_;
  Blockers blockers_;
  std::map<std::string, int64_t> opsets_;
};

}  // namespace verge::formats::onnx
