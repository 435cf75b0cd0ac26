// One part of a model whose shapes or course depend on data (formats/parts.h).
#include <algorithm>

#include "formats/onnx/importer.h"

namespace verge::formats::onnx {
namespace {

Result<Attr> attr_of(const pb::AttributeProto& a, const std::string& base_dir) {
  if (a.has_t()) {
    VERGE_TRY(Tensor tensor, tensor_from_proto(a.t(), base_dir));
    return Attr(std::move(tensor));
  }
  if (a.has_i()) return Attr(int64_t{a.i()});
  if (a.has_f()) return Attr(static_cast<double>(a.f()));
  if (a.has_s()) return Attr(std::string(a.s()));
  if (a.floats_size()) return Attr(std::vector<double>(a.floats().begin(), a.floats().end()));
  if (a.strings_size()) return Attr(std::vector<std::string>(a.strings().begin(), a.strings().end()));
  return Attr(std::vector<int64_t>(a.ints().begin(), a.ints().end()));
}

}  // namespace

Result<Part> Importer::run_part(const PartOf& of) {
  part_of_ = &of;
  VERGE_CHECK(read_opsets());
  std::vector<Scope> around(of.around.size());
  for (size_t i = 0; i < around.size(); ++i) {
    around[i].proto = of.around[i];
    around[i].outer = i + 1 < around.size() ? &around[i + 1] : nullptr;
    VERGE_CHECK(open_scope(around[i]));
  }
  Scope scope;
  scope.proto = &of.graph;
  scope.outer = around.empty() ? nullptr : &around[0];
  VERGE_CHECK(open_scope(scope));
  if (around.empty()) VERGE_CHECK(fix_inputs(scope));
  VERGE_CHECK(translate_nodes(scope));
  if (!blockers_.empty()) return blockers_.error();
  for (const auto& out : of.graph.output())
    if (!is_present(out.name()) && !is_pending(scope, out.name())) VERGE_CHECK(keep(scope, out.name(), true));
  part_.asked = notes_.asked;
  for (const auto& [key, value] : kept_) {
    if (!graph_.type(value).is_static()) return unsupported("value '" + key + "' is " + graph_.type(value).text() + ", of no fixed shape");
    graph_.add_output(value, key);
  }
  part_.graph = graph_.compacted();
  if (!part_.graph.sort()) return corrupt("its nodes feed each other in a circle");
  VERGE_CHECK(part_.graph.validate());
  return std::move(part_);
}

Result<void> Importer::fix_inputs(Scope& scope) {
  for (const auto& info : scope.proto->input()) {
    const auto fixed = options_.values.find(info.name());
    if (fixed != options_.values.end()) VERGE_CHECK(add_input(scope, info));
  }
  return done();
}

std::set<int> Importer::missing_nodes(const Scope& scope, const NodeOrder& order) const {
  std::set<std::string> wanted;
  std::set<int> out;
  for (const auto& v : scope.proto->output()) wanted.insert(v.name());
  for (auto it = order.nodes.rbegin(); it != order.nodes.rend(); ++it) {
    const pb::NodeProto& node = scope.proto->node(*it);
    const auto is_missing = [&](const std::string& name) { return wanted.count(name) && !is_present(scope.prefix + name); };
    if (!std::any_of(node.output().begin(), node.output().end(), is_missing)) continue;
    out.insert(*it);
    const std::set<std::string> reads = names_read(node);
    wanted.insert(reads.begin(), reads.end());
  }
  return out;
}

bool Importer::is_present(const std::string& key) const {
  return part_of_->present.tensors.count(key) || part_of_->present.others.count(key);
}

// A present tensor is an input of the part's graph from when it is first read.
std::optional<ValueId> Importer::present_value(Scope& scope, const std::string& name) {
  const std::string key = scope.prefix + name;
  if (!part_of_ || !is_present(key)) return std::nullopt;
  const auto tensor = part_of_->present.tensors.find(key);
  if (tensor == part_of_->present.tensors.end()) {
    const ValueId other = scope.values[name] = graph_.add_value(key);
    others_.insert(other);
    return other;
  }
  const ValueId input = scope.values[name] = graph_.add_input(key, tensor->second);
  const auto elements = part_of_->present.elements.find(key);
  if (elements != part_of_->present.elements.end()) builder_.known().give(input, elements->second);
  return input;
}

bool Importer::is_pending(const Scope& scope, const std::string& name) const {
  for (const Scope* s = &scope; s; s = s->outer) {
    if (s->values.count(name) || is_present(s->prefix + name) || s->initializers.count(name)) return false;
    if (pending_.count(s->prefix + name)) return true;
  }
  return false;
}

bool Importer::reads_pending(const Scope& scope, const pb::NodeProto& node) const {
  const std::set<std::string> reads = names_read(node);
  return std::any_of(reads.begin(), reads.end(), [&](const std::string& name) { return is_pending(scope, name); });
}

bool Importer::is_initializer(const Scope& scope, const std::string& name) const {
  for (const Scope* s = &scope; s; s = s->outer) {
    if (s->initializers.count(name)) return true;
    if (s->values.count(name) || is_present(s->prefix + name)) return false;
  }
  return false;
}

std::string Importer::key_of(const Scope& scope, const std::string& name) const {
  for (const Scope* s = &scope; s; s = s->outer)
    if (s->values.count(name) || s->initializers.count(name) || is_present(s->prefix + name) || pending_.count(s->prefix + name)) return s->prefix + name;
  return name;
}

Result<void> Importer::put_off(Scope& scope, const pb::NodeProto& node) {
  for (const std::string& name : names_read(node))
    if (!is_pending(scope, name)) VERGE_CHECK(keep(scope, name, false));
  for (const std::string& out : node.output())
    if (!out.empty()) pending_.insert(scope.prefix + out);
  return done();
}

bool Importer::waits_for(Scope& scope, const pb::NodeProto& node, const NodeContext& context) {
  if (!part_of_ || (context.asked().empty() && context.wanted().empty())) return false;
  for (size_t i : context.wanted()) part_.wanted.insert(key_of(scope, node.input(static_cast<int>(i))));
  return true;
}

Result<void> Importer::keep(Scope& scope, const std::string& name, bool initializers_too) {
  if (!initializers_too && is_initializer(scope, name)) return done();
  const std::string key = key_of(scope, name);
  VERGE_TRY(const ValueId value, value_of(scope, name));
  return keep_as(key, value);
}

Result<void> Importer::keep_as(const std::string& key, ValueId value) {
  if (is_present(key)) return done();
  const bool is_present_value = is_other(value) || graph_.is_input(value);
  if (is_present_value) part_.aliases[key] = graph_.value(value).name;
  else if (const Tensor* constant = graph_.constant(value)) part_.constants[key] = *constant;
  else kept_[key] = value;
  return done();
}

bool Importer::is_for_host(Scope& scope, const pb::NodeProto& node) const {
  if (is_host_op(node)) return !find_row(node.domain(), node.op_type(), opset_of(node.domain())).row;
  const auto is_other_input = [&](const std::string& name) {
    for (const Scope* s = &scope; s; s = s->outer) {
      if (const auto it = s->values.find(name); it != s->values.end()) return is_other(it->second);
      if (is_present(s->prefix + name)) return part_of_->present.others.count(s->prefix + name) != 0;
    }
    return false;
  };
  return std::any_of(node.input().begin(), node.input().end(), is_other_input);
}

Result<void> Importer::hand_to_host(Scope& scope, const pb::NodeProto& node, const std::string& name) {
  HostNode host;
  host.op = node.op_type();
  host.name = name;
  host.opset = opset_of(node.domain());
  host.domain = node.domain();
  host.custom = is_custom(node);
  for (const std::string& in : node.input()) {
    host.inputs.push_back(in.empty() ? "" : key_of(scope, in));
    if (!in.empty()) VERGE_CHECK(keep(scope, in, true));
  }
  std::vector<const pb::GraphProto*> around;
  for (const Scope* s = &scope; s; s = s->outer) around.push_back(s->proto);
  for (const auto& a : node.attribute()) {
    if (!a.has_g()) {
      VERGE_TRY(host.attrs[a.name()], attr_of(a, options_.base_dir), "node '" + name + "'");
      continue;
    }
    HostNode::Body& body = host.bodies[a.name()];
    body.source = part_of_->body(a.g(), around);
    for (const std::string& captured : names_captured(a.g())) {
      if (is_initializer(scope, captured)) continue;
      body.captured[captured] = key_of(scope, captured);
      VERGE_CHECK(keep(scope, captured, true));
    }
  }
  for (const std::string& out : node.output()) {
    host.outputs.push_back(out.empty() ? "" : scope.prefix + out);
    if (!out.empty()) pending_.insert(scope.prefix + out);
  }
  part_.host.push_back(std::move(host));
  return done();
}

}  // namespace verge::formats::onnx
