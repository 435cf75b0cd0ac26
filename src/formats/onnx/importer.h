// A parsed ModelProto becomes a Graph.
#pragma once
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "formats/blockers.h"
#include "formats/format.h"
#include "formats/onnx/builder.h"
#include "formats/onnx/node_order.h"
#include "formats/onnx/table.h"
#include "formats/parts.h"
#include "onnx.pb.h"

namespace verge::formats::onnx {

// Whether the host carries the node out between the parts of a model.
bool is_host_op(const verge::onnx_pb::NodeProto& node);

class Importer {
 public:
  Importer(const verge::onnx_pb::ModelProto& model, const ImportOptions& options, ImportNotes& notes)
      : model_(model), options_(options), notes_(notes), sizes_(options.dims), builder_(graph_, options.max_computed_bytes) {}

  // All blockers at once as kUnsupported; kCorrupt where the file contradicts itself.
  Result<Graph> run();

  // One part (formats/parts.h) of `graph`: the model's own, or a body with the graphs around it, innermost first. `body` makes the source of a body
  // of this graph.
  struct PartOf {
    const verge::onnx_pb::GraphProto& graph;
    const std::vector<const verge::onnx_pb::GraphProto*>& around;
    const Present& present;
    std::function<std::shared_ptr<const PartSource>(const verge::onnx_pb::GraphProto&, std::vector<const verge::onnx_pb::GraphProto*>)> body;
  };
  Result<Part> run_part(const PartOf& of);
  Result<std::vector<PartSource::FileNode>> file_nodes(const verge::onnx_pb::GraphProto& graph);

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
  Result<void> translate_loop(Scope& scope, const verge::onnx_pb::NodeProto& node, const std::string& name, const std::vector<ValueId>& inputs);
  // An If whose condition is known: the branch that is taken, in place of the node.
  Result<void> inline_branch(Scope& scope, const verge::onnx_pb::NodeProto& node, bool condition);
  // Loops of a known number of steps (unroll.cc), where the whole file becomes one Graph.
  struct Unrolled {
    const verge::onnx_pb::GraphProto& body;
    NodeContext& context;
    size_t scans = 0, first = 0;            // sequences that a Scan reads; inputs in front of the state
    std::vector<ValueId> state;
    std::vector<int64_t> axes, backwards;   // of the sequences
    std::vector<std::vector<ValueId>> results;
    bool goes_on = true;
  };
  // False when the number of steps, or what a step gives, is not known; the node is a blocker then.
  Result<bool> unroll(Scope& scope, const verge::onnx_pb::NodeProto& node, NodeContext& context);
  Result<std::optional<int64_t>> loop_steps(NodeContext& context);
  Result<std::optional<int64_t>> scan_steps(Unrolled& u);
  Result<bool> unroll_step(Scope& scope, Unrolled& u, int64_t step, int64_t steps);
  Result<bool> finish_unrolled(Scope& scope, const verge::onnx_pb::NodeProto& node, Unrolled& u);
  // The node cannot be translated: its outputs get values of the types that the file declares, so that the nodes behind it can still be looked at.
  void block(Scope& scope, const verge::onnx_pb::NodeProto& node, const std::string& name, const std::vector<ValueId>& inputs, std::string reason,
             std::string remedy);
  // Blockers inside the bodies of a node that is blocked itself: operators without translation.
  void survey_bodies(const verge::onnx_pb::NodeProto& node, const std::string& name);
  // Parts (part.cc). A value is pending when it has to wait for the next part.
  Result<void> fix_inputs(Scope& scope);
  // Nodes of the scope that outputs which are not present depend on.
  std::set<int> missing_nodes(const Scope& scope, const NodeOrder& order) const;
  std::optional<ValueId> present_value(Scope& scope, const std::string& name);
  bool is_present(const std::string& key) const;
  bool is_pending(const Scope& scope, const std::string& name) const;
  bool reads_pending(const Scope& scope, const verge::onnx_pb::NodeProto& node) const;
  bool is_initializer(const Scope& scope, const std::string& name) const;
  std::string key_of(const Scope& scope, const std::string& name) const;
  bool is_other(ValueId value) const { return others_.count(value) != 0; }
  // The node waits: what it reads is kept for the next part, its outputs are pending.
  Result<void> put_off(Scope& scope, const verge::onnx_pb::NodeProto& node);
  // The same, for what a translation that failed asked for; false when it failed for another reason.
  bool waits_for(Scope& scope, const verge::onnx_pb::NodeProto& node, const NodeContext& context);
  Result<void> keep(Scope& scope, const std::string& name, bool initializers_too);
  Result<void> keep_as(const std::string& key, ValueId value);
  Result<void> hand_to_host(Scope& scope, const verge::onnx_pb::NodeProto& node, const std::string& name);
  bool is_for_host(Scope& scope, const verge::onnx_pb::NodeProto& node) const;
  // Another engine (hand_over.cc). Why the node goes there; empty: it does not.
  std::string goes_elsewhere(const Scope& scope, const verge::onnx_pb::NodeProto& node, const std::string& name) const;
  bool is_custom(const verge::onnx_pb::NodeProto& node) const;
  bool lacks_rule(const verge::onnx_pb::NodeProto& node) const;
  // The node joins those that the other engine takes behind this part, or waits for the next part.
  Result<void> hand_over(Scope& scope, const verge::onnx_pb::NodeProto& node, const std::string& name, const std::string& reason);
  Result<void> finish_hand_over(Scope& scope, const NodeOrder& order);
  Result<void> add_handed_input(Scope& scope, const std::string& name, verge::onnx_pb::GraphProto& graph, HostNode& host);
  void import_domains(verge::onnx_pb::ModelProto& model) const;
  bool is_blocked_elsewhere(const Scope& scope) const { return part_of_ && options_.hand_over && options_.hand_over->blocked && !scope.outer; }
  void count_work(const std::string& name, size_t first_node);
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
  const PartOf* part_of_ = nullptr;  // null: the whole file becomes one Graph
  Part part_;
  std::set<std::string> pending_;                 // keys
  std::map<std::string, ValueId> kept_;           // results of this part by key
  struct Handed {
    const verge::onnx_pb::NodeProto* node;
    HandedOver::Member member;
  };
  std::vector<Handed> handed_;
  std::set<std::string> handed_outputs_;
  std::set<ValueId> others_;                      // stand for present sequences and optionals, which are named by their keys
};

}  // namespace verge::formats::onnx
