#include "formats/onnx/importer.h"

#include <algorithm>
#include <limits>

#include "core/text.h"
#include "ops/host/host_ops.h"

namespace verge::formats::onnx {
namespace {

constexpr int64_t kMostElements = int64_t{1} << 40;
constexpr const char* kNoTranslation = "there is no translation of this operator";
constexpr const char* kOtherOpset = "there is no translation for this opset, only for others";
constexpr const char* kDecompose = "export the model with this operator decomposed, or cut the model before it; docs/operators.md lists what there is";

constexpr const char* kOnData = "the size of its result, or its course, depends on data";
constexpr const char* kInParts = "`verge run` and sessions run the model in parts; a package has one part: fix what decides (--bind, --dim), or cut the model before it";

std::string domain_text(const std::string& domain) { return domain.empty() || domain == "ai.onnx" ? "" : domain + ":"; }

// The dimension that a file declares: a number, or a symbol unless the options give its size. One without number and symbol is named after its place.
Result<Dim> declared_dim(const pb::TensorShapeProto::Dimension& d, const std::string& place, const std::map<std::string, int64_t>& sizes) {
  if (d.has_dim_value() && d.dim_value() >= 0) {
    if (d.dim_value() > std::numeric_limits<int32_t>::max()) return corrupt("dimension " + std::to_string(d.dim_value()) + " is not a size");
    return Dim(d.dim_value());
  }
  const std::string symbol = d.dim_param().empty() ? place : d.dim_param();
  const auto size = sizes.find(symbol);
  if (size == sizes.end()) return Dim::named(symbol);
  if (size->second < 1 || size->second > std::numeric_limits<int32_t>::max())
    return invalid("dimension " + symbol + " cannot be " + std::to_string(size->second));
  return Dim(size->second);
}

Result<TensorType> declared_type(const pb::ValueInfoProto& info, const std::map<std::string, int64_t>& sizes) {
  const std::string where = "'" + info.name() + "'";
  if (info.type().value_case() != pb::TypeProto::kTensorType) return unsupported("it is no tensor but a sequence, map or optional value");
  const auto& tensor = info.type().tensor_type();
  TensorType type;
  type.dtype = dtype_from_onnx(tensor.elem_type());
  if (type.dtype == DataType::kNone) return unsupported("its elements are of type " + onnx_type_name(tensor.elem_type()));
  if (!tensor.has_shape()) return type;
  if (tensor.shape().dim_size() > kMaxRank) return unsupported("its rank is more than " + std::to_string(kMaxRank));
  type.ranked = true;
  int64_t count = 1;
  for (int i = 0; i < tensor.shape().dim_size(); ++i) {
    VERGE_TRY(Dim dim, declared_dim(tensor.shape().dim(i), info.name() + "." + std::to_string(i), sizes), where);
    if (dim.known() && dim.size > 0 && count > kMostElements / dim.size) return corrupt(where + ": its dimensions are absurdly large");
    if (dim.known() && dim.size > 0) count *= dim.size;
    type.dims.push_back(std::move(dim));
  }
  return type;
}

// A value that the user fixes, in the type of the input: integers and reals are converted where nothing is lost, one number is a list of one.
Result<Tensor> fitted(const Tensor& value, const TensorType& type) {
  Tensor out = value.dtype() == type.dtype ? value : cast_tensor(value, type.dtype);
  for (int64_t i = 0; i < value.count(); ++i)
    if (is_integer(type.dtype) && out.at(i) != value.at(i)) return invalid("the value " + std::to_string(value.at(i)) + " is no " + dtype_name(type.dtype));
  if (type.ranked && type.rank() == 1 && value.shape().rank == 0) out = out.reshaped({1});
  for (int i = 0; type.ranked && i < type.rank(); ++i)
    if (type.rank() != out.shape().rank || (type.dims[i].known() && type.dims[i].size != out.shape()[i]))
      return invalid("the value given is " + TensorType(out.dtype(), out.shape()).text() + ", the model wants " + type.text());
  return out;
}

std::string input_types(const Graph& graph, const std::vector<ValueId>& inputs) {
  std::vector<std::string> parts;
  for (ValueId v : inputs) parts.push_back(v.valid() ? graph.type(v).text() : "-");
  return join(parts, ", ");
}

}  // namespace

// Those that run between the parts of a model (formats/parts.h).
bool is_host_op(const pb::NodeProto& node) {
  const std::string& op = node.op_type();
  if (node.domain() == "com.microsoft.extensions") return op == "DecodeImage" || op == "EncodeImage";
  if (!domain_text(node.domain()).empty()) return false;
  return op == "Loop" || op == "Scan" || op == "SequenceMap" || ops::is_host_op(op);
}

Result<Graph> Importer::run() {
  VERGE_CHECK(read_opsets());
  graph_.name = model_.graph().name();
  keep_metadata();
  Scope scope;
  scope.proto = &model_.graph();
  VERGE_CHECK(open_scope(scope));
  VERGE_CHECK(add_inputs(scope));
  VERGE_CHECK(translate_nodes(scope));
  for (ValueId v : builder_.known().used()) notes_.used.insert(graph_.value(v).name);
  if (!blockers_.empty()) return blockers_.error();
  VERGE_CHECK(add_outputs(scope));
  Graph out = graph_.compacted();
  if (!out.sort()) return corrupt("its nodes feed each other in a circle");
  VERGE_CHECK(out.validate());
  return out;
}

Result<void> Importer::read_opsets() {
  for (const auto& o : model_.opset_import()) opsets_[o.domain() == "ai.onnx" ? "" : o.domain()] = o.version();
  if (model_.opset_import().empty()) opsets_[""] = 1;  // files older than IR version 3
  return done();
}

int64_t Importer::opset_of(const std::string& domain) const {
  const auto it = opsets_.find(domain == "ai.onnx" ? "" : domain);
  return it == opsets_.end() ? 1 : it->second;
}

void Importer::keep_metadata() {
  for (const auto& entry : model_.metadata_props()) graph_.metadata[entry.key()] = entry.value();
  graph_.metadata["verge.source.format"] = "onnx";
  graph_.metadata["verge.source.opset"] = std::to_string(opset_of(""));
  if (!model_.producer_name().empty()) graph_.metadata["verge.source.producer"] = model_.producer_name() + " " + model_.producer_version();
}

Result<void> Importer::open_scope(Scope& scope) {
  for (const auto& t : scope.proto->initializer())
    if (!scope.initializers.emplace(t.name(), &t).second) return corrupt("two initializers have the name '" + t.name() + "'");
  for (const auto* list : {&scope.proto->value_info(), &scope.proto->output(), &scope.proto->input()})
    for (const auto& info : *list) scope.infos[info.name()] = &info;
  return done();
}

Result<void> Importer::add_inputs(Scope& scope) {
  for (const auto& info : scope.proto->input())
    if (!scope.initializers.count(info.name())) VERGE_CHECK(add_input(scope, info));  // files below IR version 4 list their weights among the inputs
  return done();
}

Result<void> Importer::add_input(Scope& scope, const pb::ValueInfoProto& info) {
  const std::string& name = info.name();
  if (scope.values.count(name)) return corrupt("two inputs have the name '" + name + "'");
  auto type = declared_type(info, sizes_);
  if (!type.ok() && type.error().code() != Code::kUnsupported) return std::move(type).error();
  if (!type.ok()) blockers_.add({"graph input", name, "", type.error().message(), "remove the input, or the part of the model that reads it"});
  if (type.ok()) {
    VERGE_TRY(*type, sized(name, *type));
  }
  if (const auto fixed = options_.values.find(name); fixed != options_.values.end() && type.ok()) {
    VERGE_TRY(Tensor tensor, fitted(fixed->second, *type), "input '" + name + "'");
    scope.values[name] = graph_.add_constant(std::move(tensor), name);
    return done();
  }
  notes_.inputs.push_back(name);
  const ValueId input = scope.values[name] = graph_.add_input(name, type.ok() ? *type : TensorType());
  const auto given = options_.given.find(name);
  if (given != options_.given.end() && type.ok() && given->second.dtype() == type->dtype) builder_.known().give(input, given->second);
  return done();
}

Result<TensorType> Importer::sized(const std::string& name, TensorType declared) {
  const auto it = options_.shapes.find(name);
  if (it == options_.shapes.end()) return declared;
  const Shape& shape = it->second;
  const Error unfit = invalid("input '" + name + "' is " + declared.text() + ", the tensor given is " + TensorType(declared.dtype, shape).text());
  if (!declared.ranked) return TensorType(declared.dtype, shape);
  if (declared.rank() != shape.rank) return unfit;
  for (int i = 0; i < shape.rank; ++i) {
    Dim& d = declared.dims[i];
    if (!d.known()) sizes_.emplace(d.symbol, shape[i]), d = Dim(shape[i]);
    if (d.size != shape[i]) return unfit;
  }
  return declared;
}

Result<void> Importer::add_outputs(Scope& scope) {
  for (const auto& info : scope.proto->output()) {
    VERGE_TRY(const ValueId value, value_of(scope, info.name()));
    graph_.add_output(value, info.name());
  }
  if (scope.proto->output().empty()) return corrupt("the graph has no outputs");
  return done();
}

bool Importer::defined(const Scope& scope, const std::string& name) const {
  if (part_of_ && (is_present(scope.prefix + name) || pending_.count(scope.prefix + name))) return true;
  if (scope.values.count(name) || scope.initializers.count(name)) return true;
  return scope.outer && defined(*scope.outer, name);
}

Result<ValueId> Importer::value_of(Scope& scope, const std::string& name) {
  for (Scope* s = &scope; s; s = s->outer) {
    if (const auto it = s->values.find(name); it != s->values.end()) return it->second;
    if (const auto present = present_value(*s, name)) return *present;
    if (const auto it = s->initializers.find(name); it != s->initializers.end()) return constant_of(*s, name, *it->second);
  }
  return corrupt("nothing produces '" + name + "'");
}

Result<ValueId> Importer::constant_of(Scope& scope, const std::string& name, const pb::TensorProto& proto) {
  auto tensor = tensor_from_proto(proto, options_.base_dir);
  if (!tensor.ok() && tensor.error().code() != Code::kUnsupported) return std::move(tensor).error();
  if (!tensor.ok()) blockers_.add({"initializer", name, "", tensor.error().message(), ""});
  return scope.values[name] = tensor.ok() ? graph_.add_constant(*std::move(tensor), name) : graph_.add_value(name);
}

Result<void> Importer::translate_nodes(Scope& scope) {
  const std::function<bool(const std::string&)> is_defined = [&](const std::string& name) { return defined(scope, name); };
  VERGE_TRY(const NodeOrder order, order_nodes(*scope.proto, is_defined));
  const std::set<int> missing = part_of_ ? missing_nodes(scope, order) : std::set<int>(order.nodes.begin(), order.nodes.end());
  for (int i : order.nodes) {
    const pb::NodeProto& node = scope.proto->node(i);
    if (missing.count(i)) VERGE_CHECK(translate_node(scope, node, scope.prefix + node_name(node, i), order));
  }
  return handed_.empty() || scope.outer ? done() : finish_hand_over(scope, order);
}

Result<std::vector<ValueId>> Importer::inputs_of(Scope& scope, const pb::NodeProto& node, const std::string& name) {
  std::vector<ValueId> inputs;
  for (const std::string& in : node.input()) {
    inputs.push_back({});
    if (in.empty()) continue;
    VERGE_TRY(inputs.back(), value_of(scope, in), "node '" + name + "'");
  }
  return inputs;
}

Result<void> Importer::translate_node(Scope& scope, const pb::NodeProto& node, const std::string& name, const NodeOrder& order) {
  if (const std::string why = goes_elsewhere(scope, node, name); !why.empty()) return hand_over(scope, node, name, why);
  const bool is_if = node.op_type() == "If" && domain_text(node.domain()).empty();
  const bool waits = part_of_ && (is_if ? is_pending(scope, node.input_size() ? node.input(0) : "") : reads_pending(scope, node));
  if (waits) return put_off(scope, node);
  if (is_custom(node) || (part_of_ && !is_if && is_for_host(scope, node))) return hand_to_host(scope, node, name);
  VERGE_TRY(const std::vector<ValueId> inputs, inputs_of(scope, node, name));
  if (is_if) return translate_if(scope, node, name, inputs);
  const Lookup found = find_row(node.domain(), node.op_type(), opset_of(node.domain()));
  const bool typed = std::all_of(inputs.begin(), inputs.end(), [&](ValueId v) { return !v.valid() || graph_.type(v).dtype != DataType::kNone; });
  if (!found.row && is_host_op(node)) {
    if (node.op_type() == "Loop" || node.op_type() == "Scan") return translate_loop(scope, node, name, inputs);
    block(scope, node, name, inputs, kOnData, kInParts);
  } else if (!found.row) {
    block(scope, node, name, inputs, found.known ? kOtherOpset : kNoTranslation, found.known ? "convert the model to opset 13 or newer" : kDecompose);
  } else if (!typed) {  // behind a blocked node: the operator itself is fine, more cannot be said
    leave_unknown(scope, node);
  } else {
    const auto is_read = [&](size_t i) { return order.used.count(node.output(static_cast<int>(i))) != 0; };
    return translate(scope, {node, name, opset_of(node.domain()), inputs, found.row->core, options_.base_dir, is_read}, *found.row);
  }
  return done();
}

Result<void> Importer::translate(Scope& scope, NodeContext::Source source, const Row& row) {
  const pb::NodeProto& node = source.proto;
  NodeContext context(builder_, source);
  const size_t first_node = graph_.node_count();
  const Result<void> translated = row.translate(context);
  if (!translated.ok()) notes_.asked.insert(context.asked().begin(), context.asked().end());
  if (!translated.ok() && translated.error().code() == Code::kUnsupported && waits_for(scope, node, context)) return put_off(scope, node);
  if (!translated.ok() && translated.error().code() == Code::kUnsupported && is_blocked_elsewhere(scope))
    return hand_over(scope, node, source.name, translated.error().message());
  if (!translated.ok() && translated.error().code() == Code::kUnsupported) {
    block(scope, node, source.name, source.inputs, translated.error().message(), context.remedy());
    return done();
  }
  if (!translated.ok() && !blockers_.empty()) {  // perhaps only because a type behind a blocked node is wrong
    leave_unknown(scope, node);
    return done();
  }
  if (!translated.ok()) {
    const Code code = translated.error().code();
    return Error(code == Code::kInvalidArgument ? Code::kCorrupt : code, "node '" + source.name + "' (" + domain_text(node.domain()) + node.op_type() + "; " +
                                                                             input_types(graph_, source.inputs) + "): " + translated.error().message());
  }
  if (part_of_ && options_.hand_over) count_work(source.name, first_node);
  for (int i = 0; i < node.output_size(); ++i) {
    if (context.results()[i].valid()) {
      scope.values[node.output(i)] = context.results()[i];
    } else if (context.wants(i)) {
      block(scope, node, source.name, source.inputs, "its output " + std::to_string(i) + " is read, and has no translation", kDecompose);
      return done();
    }
  }
  return done();
}

void Importer::leave_unknown(Scope& scope, const pb::NodeProto& node) {
  for (const std::string& out : node.output())
    if (!out.empty()) scope.values[out] = graph_.add_value(out);
}

Result<void> Importer::translate_if(Scope& scope, const pb::NodeProto& node, const std::string& name, const std::vector<ValueId>& inputs) {
  NodeContext context(builder_, {node, name, opset_of(""), inputs, nullptr, options_.base_dir, {}});
  const Result<Tensor> condition = context.known(0, "condition");
  if (condition.ok() && condition->count() == 1) return inline_branch(scope, node, condition->at(0) != 0);
  if (condition.ok()) return corrupt("node '" + name + "' (If): its condition is " + input_types(graph_, inputs) + ", it wants one element");
  notes_.asked.insert(context.asked().begin(), context.asked().end());
  if (waits_for(scope, node, context)) return put_off(scope, node);
  block(scope, node, name, inputs, condition.error().message(), context.asked().empty() ? "export each branch as its own model" : context.remedy());
  return done();
}

Result<void> Importer::translate_loop(Scope& scope, const pb::NodeProto& node, const std::string& name, const std::vector<ValueId>& inputs) {
  NodeContext context(builder_, {node, name, opset_of(""), inputs, nullptr, options_.base_dir, {}});
  VERGE_TRY(const bool unrolled, unroll(scope, node, context));
  notes_.asked.insert(context.asked().begin(), context.asked().end());
  if (!unrolled) block(scope, node, name, inputs, kOnData, context.asked().empty() ? kInParts : context.remedy());
  return done();
}

Result<void> Importer::inline_branch(Scope& scope, const pb::NodeProto& node, bool condition) {
  const auto wanted = [&](const pb::AttributeProto& a) { return a.has_g() && a.name() == (condition ? "then_branch" : "else_branch"); };
  const auto branch = std::find_if(node.attribute().begin(), node.attribute().end(), wanted);
  if (branch == node.attribute().end() || branch->g().output_size() != node.output_size())
    return corrupt("node '" + node.name() + "' (If): a branch is absent, or its outputs are not those of the node");
  Scope inner;
  inner.outer = &scope;
  inner.proto = &branch->g();
  inner.prefix = scope.prefix + (node.name().empty() ? "If" : node.name()) + "/";
  VERGE_CHECK(open_scope(inner));
  VERGE_CHECK(translate_nodes(inner));
  for (int i = 0; i < node.output_size(); ++i) {
    const std::string& from = branch->g().output(i).name();
    if (part_of_ && is_pending(inner, from)) return put_off(scope, node);
    VERGE_TRY(scope.values[node.output(i)], value_of(inner, from));
  }
  return done();
}

std::string Importer::op_text(const pb::NodeProto& node) const {
  return domain_text(node.domain()) + node.op_type() + " (opset " + std::to_string(opset_of(node.domain())) + ")";
}

void Importer::survey_bodies(const pb::NodeProto& node, const std::string& name) {
  for (const auto& a : node.attribute()) {
    if (!a.has_g()) continue;
    for (int i = 0; i < a.g().node_size(); ++i) {
      const pb::NodeProto& inner = a.g().node(i);
      const std::string inner_name = name + "/" + node_name(inner, i);
      const Lookup found = find_row(inner.domain(), inner.op_type(), opset_of(inner.domain()));
      if (!found.row && inner.op_type() != "If" && !is_host_op(inner)) blockers_.add({op_text(inner), inner_name, "", found.known ? kOtherOpset : kNoTranslation, kDecompose});
      survey_bodies(inner, inner_name);
    }
  }
}

void Importer::block(Scope& scope, const pb::NodeProto& node, const std::string& name, const std::vector<ValueId>& inputs, std::string reason,
                     std::string remedy) {
  blockers_.add({op_text(node), name, input_types(graph_, inputs), std::move(reason), std::move(remedy)});
  survey_bodies(node, name);
  for (const std::string& out : node.output()) {
    if (out.empty()) continue;
    const auto info = scope.infos.find(out);
    auto type = info == scope.infos.end() ? Result<TensorType>(TensorType()) : declared_type(*info->second, sizes_);
    scope.values[out] = graph_.add_value(out, type.ok() ? *type : TensorType());
  }
}

}  // namespace verge::formats::onnx
