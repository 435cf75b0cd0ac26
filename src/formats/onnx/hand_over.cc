// Nodes of a part that another engine takes (formats/parts.h): which they are, and the model that they become.
#include <algorithm>

#include "formats/onnx/importer.h"

namespace verge::formats::onnx {
namespace {

constexpr const char* kNoRule = "Verge has no rule for this operator";
constexpr int64_t kIrVersion = 8;

std::string domain_text(const std::string& domain) { return domain == "ai.onnx" ? "" : domain; }
std::string domain_of(const pb::NodeProto& node) { return domain_text(node.domain()); }

pb::ValueInfoProto described(const std::string& name, const TensorType& type) {
  pb::ValueInfoProto info;
  info.set_name(name);
  auto* tensor = info.mutable_type()->mutable_tensor_type();
  tensor->set_elem_type(dtype_to_onnx(type.dtype));
  for (const Dim& d : type.dims) tensor->mutable_shape()->add_dim()->set_dim_value(d.size);
  return info;
}

// Opset 13 gave QuantizeLinear and DequantizeLinear their axis; quantisers write it into older files too, and strict engines refuse those.
constexpr int64_t kFirstWithAxis = 13, kEarliestRaised = 11;
// What opset 12 or 13 changed: a node of these means something else there.
const std::set<std::string> kChangedBy13 = {"Squeeze", "Unsqueeze", "ReduceSum", "Softmax", "LogSoftmax", "Hardmax", "Split", "Dropout"};

bool changes_by_13(const pb::NodeProto& node) {
  return kChangedBy13.count(node.op_type()) || std::any_of(node.attribute().begin(), node.attribute().end(), [](const pb::AttributeProto& a) { return a.has_g(); });
}

bool has_early_axis(const pb::NodeProto& node) {
  const bool quantises = node.op_type() == "QuantizeLinear" || node.op_type() == "DequantizeLinear";
  return quantises && std::any_of(node.attribute().begin(), node.attribute().end(), [](const pb::AttributeProto& a) { return a.name() == "axis"; });
}

// The model at opset 13, where its scales per channel need that and its other nodes mean the same there.
void raise_for_axis(pb::ModelProto& model) {
  const auto& nodes = model.graph().node();
  if (std::none_of(nodes.begin(), nodes.end(), has_early_axis)) return;
  if (std::any_of(nodes.begin(), nodes.end(), changes_by_13)) return;
  for (auto& o : *model.mutable_opset_import())
    if (domain_text(o.domain()).empty() && o.version() >= kEarliestRaised && o.version() < kFirstWithAxis) o.set_version(kFirstWithAxis);
  model.set_ir_version(std::max(model.ir_version(), kIrVersion));
}

TensorType declared(const pb::ValueInfoProto& info) {
  TensorType type;
  if (info.type().value_case() != pb::TypeProto::kTensorType) return type;
  const auto& tensor = info.type().tensor_type();
  type.dtype = dtype_from_onnx(tensor.elem_type());
  type.ranked = tensor.has_shape();
  for (const auto& d : tensor.shape().dim()) type.dims.push_back(d.has_dim_value() ? Dim(d.dim_value()) : Dim::named(d.dim_param()));
  return type;
}

}  // namespace

Result<std::vector<PartSource::FileNode>> Importer::file_nodes(const pb::GraphProto& graph) {
  VERGE_CHECK(read_opsets());
  Scope scope;
  scope.proto = &graph;
  VERGE_CHECK(open_scope(scope));
  const std::function<bool(const std::string&)> outside = [&](const std::string& name) {
    const auto is_it = [&](const pb::ValueInfoProto& info) { return info.name() == name; };
    return scope.initializers.count(name) != 0 || std::any_of(graph.input().begin(), graph.input().end(), is_it);
  };
  VERGE_TRY(const NodeOrder order, order_nodes(graph, outside));
  std::vector<PartSource::FileNode> out;
  for (int i : order.nodes) {
    const pb::NodeProto& node = graph.node(i);
    const std::set<std::string> reads = names_read(node);
    out.push_back({node_name(node, i), op_text(node), {reads.begin(), reads.end()}, {node.output().begin(), node.output().end()}, !lacks_rule(node)});
  }
  return out;
}

bool Importer::is_custom(const pb::NodeProto& node) const { return part_of_ && options_.custom.count(domain_of(node) + ":" + node.op_type()) != 0; }

// No rule for the operator itself, or for one inside its bodies.
bool Importer::lacks_rule(const pb::NodeProto& node) const {
  const bool known = options_.custom.count(domain_of(node) + ":" + node.op_type()) || find_row(node.domain(), node.op_type(), opset_of(node.domain())).row || is_host_op(node) || (node.op_type() == "If" && domain_of(node).empty());
  if (!known) return true;
  return std::any_of(node.attribute().begin(), node.attribute().end(), [&](const pb::AttributeProto& a) {
    return a.has_g() && std::any_of(a.g().node().begin(), a.g().node().end(), [&](const pb::NodeProto& inner) { return lacks_rule(inner); });
  });
}

std::string Importer::goes_elsewhere(const Scope& scope, const pb::NodeProto& node, const std::string& name) const {
  if (!part_of_ || !options_.hand_over || scope.outer) return "";
  if (options_.hand_over->all) return "every node is required there";
  if (options_.hand_over->blocked && lacks_rule(node)) return kNoRule;
  return options_.hand_over->nodes.count(name) ? "chosen" : "";
}

Result<void> Importer::hand_over(Scope& scope, const pb::NodeProto& node, const std::string& name, const std::string& reason) {
  const std::set<std::string> reads = names_read(node);
  const bool waits = std::any_of(reads.begin(), reads.end(), [&](const std::string& in) { return is_pending(scope, in) && !handed_outputs_.count(in); });
  if (waits) return put_off(scope, node);
  for (const std::string& in : reads)
    if (!handed_outputs_.count(in)) VERGE_CHECK(keep(scope, in, false));
  for (const std::string& out : node.output()) {
    if (out.empty()) continue;
    pending_.insert(scope.prefix + out);
    handed_outputs_.insert(out);
  }
  handed_.push_back({&node, {name, op_text(node), reason}});
  return done();
}

Result<void> Importer::add_handed_input(Scope& scope, const std::string& name, pb::GraphProto& graph, HostNode& host) {
  if (const auto weights = scope.initializers.find(name); weights != scope.initializers.end() && !scope.values.count(name)) {
    if (weights->second->data_location() == 0) {
      *graph.add_initializer() = *weights->second;
      return done();
    }
    VERGE_TRY(const Tensor tensor, tensor_from_proto(*weights->second, options_.base_dir), "initializer '" + name + "'");
    *graph.add_initializer() = tensor_to_proto(tensor, name);
    return done();
  }
  VERGE_TRY(const ValueId value, value_of(scope, name));
  if (is_other(value)) return unsupported("'" + name + "' is no tensor, and only tensors are handed to another engine");
  if (const Tensor* constant = graph_.constant(value)) {
    *graph.add_initializer() = tensor_to_proto(*constant, name);
    return done();
  }
  if (!graph_.type(value).is_static()) return unsupported("'" + name + "' is " + graph_.type(value).text() + ", of no fixed shape");
  *graph.add_input() = described(name, graph_.type(value));
  host.inputs.push_back(key_of(scope, name));
  return done();
}

void Importer::import_domains(pb::ModelProto& model) const {
  std::set<std::string> there;
  for (const auto& o : model.opset_import()) there.insert(domain_text(o.domain()));
  for (const pb::NodeProto& node : model.graph().node()) {
    if (!there.insert(domain_of(node)).second) continue;
    auto* added = model.add_opset_import();
    added->set_domain(domain_of(node));
    added->set_version(opset_of(node.domain()));
  }
}

Result<void> Importer::finish_hand_over(Scope& scope, const NodeOrder& order) {
  HostNode host;
  HandedOver handed;
  pb::ModelProto model;
  model.set_ir_version(model_.has_ir_version() ? model_.ir_version() : kIrVersion);
  *model.mutable_opset_import() = model_.opset_import();
  *model.mutable_functions() = model_.functions();
  pb::GraphProto& graph = *model.mutable_graph();
  graph.set_name("handed_over");
  std::set<const pb::NodeProto*> members;
  std::set<std::string> reads, read_outside;
  for (const Handed& h : handed_) {
    *graph.add_node() = *h.node;
    members.insert(h.node);
    handed.members.push_back(h.member);
    const std::set<std::string> names = names_read(*h.node);
    reads.insert(names.begin(), names.end());
  }
  for (const std::string& name : reads)
    if (!handed_outputs_.count(name)) VERGE_CHECK(add_handed_input(scope, name, graph, host), "node '" + handed.members.front().node + "'");
  for (const auto& out : scope.proto->output()) read_outside.insert(out.name());
  for (int i : order.nodes) {
    if (members.count(&scope.proto->node(i))) continue;
    const std::set<std::string> names = names_read(scope.proto->node(i));
    read_outside.insert(names.begin(), names.end());
  }
  for (const std::string& name : handed_outputs_) {
    if (!read_outside.count(name)) continue;
    const auto info = scope.infos.find(name);
    graph.add_output()->set_name(name);
    handed.declared.push_back(info == scope.infos.end() ? TensorType() : declared(*info->second));
    host.outputs.push_back(scope.prefix + name);
  }
  import_domains(model);
  raise_for_axis(model);
  const std::string bytes = model.SerializeAsString();
  handed.onnx.assign(bytes.begin(), bytes.end());
  host.op = "handed over";
  host.name = handed.members.front().node;
  host.handed_over = std::make_shared<const HandedOver>(std::move(handed));
  part_.host.push_back(std::move(host));
  return done();
}

void Importer::count_work(const std::string& name, size_t first_node) {
  NodeWork& work = part_.work[name];
  for (size_t i = first_node; i < graph_.node_count(); ++i) {
    const Node& node = graph_.node(NodeId{static_cast<uint32_t>(i)});
    const bool known = std::all_of(node.outputs.begin(), node.outputs.end(), [&](ValueId v) { return graph_.type(v).is_static(); });
    if (!known) continue;
    const ops::Cost cost = ops::cost_of(graph_, node);
    work.macs += cost.macs;
    work.operations += cost.operations;
    work.bytes += cost.weight_bytes + cost.activation_bytes;
  }
}

}  // namespace verge::formats::onnx
