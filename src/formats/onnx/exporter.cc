#include "formats/onnx/exporter.h"

#include <algorithm>
#include <limits>

#include "core/text.h"
#include "ops/quantized.h"

namespace verge::formats::onnx {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

using Translate = Result<void> (*)(Exporter&);
const std::map<std::string, Translate>& translators() {
  static const std::map<std::string, Translate> kAll = {
#define VERGE_EXPORT(op, translate) {#op, exports::translate},
#include "formats/onnx/exports.inc"
#undef VERGE_EXPORT
  };
  return kAll;
}

pb::AttributeProto& attribute(pb::NodeProto& node, const std::string& name, int32_t type) {
  pb::AttributeProto& a = *node.add_attribute();
  a.set_name(name);
  a.set_type(type);
  return a;
}

int64_t ir_version(int opset) { return opset >= 21 ? 10 : opset >= 19 ? 9 : 8; }

}  // namespace

void set(pb::NodeProto& node, const std::string& name, int64_t value) { attribute(node, name, 2).set_i(value); }
void set(pb::NodeProto& node, const std::string& name, double value) { attribute(node, name, 1).set_f(static_cast<float>(value)); }
void set(pb::NodeProto& node, const std::string& name, const std::string& value) { attribute(node, name, 3).set_s(value); }
void set(pb::NodeProto& node, const std::string& name, const std::vector<int64_t>& values) {
  pb::AttributeProto& a = attribute(node, name, 7);
  for (int64_t v : values) a.add_ints(v);
}

std::vector<int64_t> ordered(const std::vector<int64_t>& v, Order order) {
  return order == Order::kFirst && v.size() == 4 ? std::vector<int64_t>{v[0], v[3], v[1], v[2]} : v;
}

int64_t ordered_axis(int64_t axis, int rank, Order order) {
  if (axis < 0) axis += rank;
  constexpr int64_t kFirst[] = {0, 2, 3, 1};
  return order == Order::kFirst ? kFirst[axis] : axis;
}

Tensor channels_first(const Tensor& t) {
  const Shape s = t.shape();
  const size_t outer = static_cast<size_t>(s[0]), inner = static_cast<size_t>(s[1]) * static_cast<size_t>(s[2]), channels = static_cast<size_t>(s[3]),
               bytes = dtype_bits(t.dtype()) / 8;
  Tensor out(t.dtype(), {s[0], s[3], s[1], s[2]});
  for (size_t n = 0; n < outer; ++n)
    for (size_t i = 0; i < inner; ++i)
      for (size_t c = 0; c < channels; ++c)
        std::copy_n(t.bytes().data() + ((n * inner + i) * channels + c) * bytes, bytes, out.data() + ((n * channels + c) * inner + i) * bytes);
  QuantParams quant = t.quant();
  if (quant.per_channel()) quant.axis = static_cast<int32_t>(ordered_axis(quant.axis, 4, Order::kFirst));
  out.set_quant(std::move(quant));
  return out;
}

std::string Exporter::fresh(const std::string& hint) {
  const std::string base = hint.empty() ? "value" : hint;
  const int n = taken_[base]++;
  return n == 0 ? base : fresh(base + "/" + std::to_string(n));
}

std::string Exporter::constant(const Tensor& value, const std::string& hint) {
  const std::string name = fresh(hint);
  *proto().add_initializer() = tensor_to_proto(value, name);
  return name;
}

std::string Exporter::ints(const std::vector<int64_t>& values) { return constant(Tensor::of<int64_t>({static_cast<int32_t>(values.size())}, values), "ints"); }
std::string Exporter::scalar(float value) { return constant(Tensor::scalar(value), "number"); }

pb::NodeProto& Exporter::op(const std::string& type, std::vector<std::string> in, std::vector<std::string> out, const std::string& domain) {
  pb::NodeProto& n = *proto().add_node();
  n.set_op_type(type);
  n.set_name(fresh((node_ ? node_->name : std::string()) + "/" + type));
  for (const std::string& name : in) n.add_input(name);
  for (const std::string& name : out) n.add_output(name);
  if (!domain.empty()) n.set_domain(domain), microsoft_ = true;
  return n;
}

std::vector<std::string> Exporter::params(const QuantParams& quant, DataType dtype) {
  const auto n = static_cast<int32_t>(quant.scale.size());
  const Shape shape = n > 1 ? Shape{n} : Shape{};
  Tensor zero(dtype, shape);
  for (size_t i = 0; i < quant.scale.size(); ++i) {
    const int32_t z = ops::zero_point(quant, i);
    if (dtype == DataType::kI32)
      reinterpret_cast<int32_t*>(zero.data())[i] = z;
    else if (dtype == DataType::kI16)
      reinterpret_cast<int16_t*>(zero.data())[i] = static_cast<int16_t>(z);
    else
      zero.data()[i] = static_cast<uint8_t>(z);
  }
  return {constant(Tensor::of<float>(shape, quant.scale), "scale"), constant(zero, "zero_point")};
}

DataType Exporter::stored_dtype(ValueId value) const {
  const DataType own = graph_.type(value).dtype;
  return own == DataType::kI8 && !signed_ && !graph_.constant(value) ? DataType::kU8 : own;
}

std::vector<std::string> Exporter::params(ValueId value) {
  const TensorType& type = graph_.type(value);
  if (stored_dtype(value) == type.dtype) return params(type.quant, type.dtype);
  QuantParams moved = type.quant;
  for (int32_t& z : moved.zero_point) z += 128;
  return params(moved, DataType::kU8);
}

std::vector<std::string> Exporter::operand(size_t i, Order order) {
  const std::string name = stored(i, order);
  const std::vector<std::string> two = params(node_->input(i));
  return {name, two[0], two[1]};
}

std::vector<std::string> Exporter::operand(const Tensor& value, const std::string& hint) {
  const std::string name = constant(value, hint);
  const std::vector<std::string> two = params(value.quant(), value.dtype());
  return {name, two[0], two[1]};
}

std::string Exporter::real_constant(const Tensor& value, const std::string& hint) {
  if (value.quant().empty()) return constant(value, hint);
  const std::string real = fresh(hint + "/real");
  pb::NodeProto& n = op("DequantizeLinear", operand(value, hint), {real});
  if (value.quant().per_channel()) set(n, "axis", int64_t{value.quant().axis});
  return real;
}

void Exporter::clamp(const std::string& from, const std::string& to, double min, double max) {
  if (min == 0 && max == kInfinity) {
    op("Relu", {from}, {to});
    return;
  }
  op("Clip", {from, min == -kInfinity ? "" : scalar(static_cast<float>(min)), max == kInfinity ? "" : scalar(static_cast<float>(max))}, {to});
}

bool Exporter::clamps() const {
  const ops::RealClamp clamp = ops::real_clamp(*node_);
  if (clamp.min == -kInfinity && clamp.max == kInfinity) return false;
  if (!out_type().quantized()) return true;
  const ops::IntegerClamp bounds = ops::integer_clamp(*node_, out_type().quant, out_type().dtype);
  return bounds.min != (out_type().dtype == DataType::kU8 ? 0 : -128) || bounds.max != (out_type().dtype == DataType::kU8 ? 255 : 127);
}

std::string Exporter::stored_name(ValueId value, Order order) {
  std::string& name = form(value).stored[static_cast<int>(order)];
  if (!name.empty()) return name;
  const Value& v = graph_.value(value);
  if (v.constant) return name = constant(order == Order::kFirst ? channels_first(*v.constant) : *v.constant, v.name);
  const Order other = order == Order::kFirst ? Order::kLast : Order::kFirst;
  const std::string from = form(value).stored[static_cast<int>(other)], to = fresh(v.name + (order == Order::kFirst ? "/channels_first" : "/channels_last"));
  set(op("Transpose", {from}, {to}), "perm", order == Order::kFirst ? std::vector<int64_t>{0, 3, 1, 2} : std::vector<int64_t>{0, 2, 3, 1});
  return name = to;
}

std::string Exporter::real_name(ValueId value, Order order) {
  const TensorType& type = graph_.type(value);
  if (!type.quantized()) return stored_name(value, order);
  const std::string from = stored_name(value, order), to = fresh(graph_.value(value).name + "/real");
  const std::vector<std::string> two = params(value);
  op("DequantizeLinear", {from, two[0], two[1]}, {to});  // one for each reader: engines fuse it with the reader
  return to;
}

std::string Exporter::addend(size_t i, Order order) {
  const ValueId value = node_->input(i);
  const Node* from = graph_.producer(value);
  const std::string once = real_name(value, order);
  if (!graph_.type(value).quantized() || !from || from->op != "conv") return once;
  const std::string again = fresh(graph_.value(value).name + "/again"), to = fresh(graph_.value(value).name + "/real");
  const std::vector<std::string> two = params(value);
  op("QuantizeLinear", {once, two[0], two[1]}, {again});
  op("DequantizeLinear", {again, two[0], two[1]}, {to});
  return to;
}

Order Exporter::natural_order() const {
  bool first = false;
  for (ValueId v : node_->inputs) {
    if (!v.valid() || graph_.type(v).rank() != 4) return Order::kLast;
    if (graph_.constant(v)) continue;
    if (forms_[v.index].stored[static_cast<int>(Order::kFirst)].empty()) return Order::kLast;
    first = true;
  }
  return first ? Order::kFirst : Order::kLast;
}

std::string Exporter::out_stored(Order order, size_t i) {
  const std::string name = fresh(graph_.value(node_->output(i)).name);
  give_stored(order, name, i);
  return name;
}

std::string Exporter::out_real(Order order, size_t i) {
  if (!out_type(i).quantized()) return out_stored(order, i);
  const std::string name = fresh(graph_.value(node_->output(i)).name + "/exact");
  form(node_->output(i)).exact[static_cast<int>(order)] = name;  // until translate_all() has written the QuantizeLinear
  return name;
}

void Exporter::give_real(Order order, const std::string& name, size_t i) {
  (out_type(i).quantized() ? form(node_->output(i)).exact : form(node_->output(i)).stored)[static_cast<int>(order)] = name;
}

std::vector<std::string> Exporter::translate_all() {
  std::vector<std::string> blockers;
  for (NodeId id : graph_.order()) {
    node_ = &graph_.node(id);
    Result<void> result = unsupported("ONNX has no operator for it that Verge writes");
    if (const auto found = translators().find(node_->op); found != translators().end()) result = found->second(*this);
    if (!result.ok()) blockers.push_back(describe(*node_) + ": " + result.error().message());
    for (ValueId out : node_->outputs) {
      if (!out.valid() || !graph_.type(out).quantized()) continue;
      for (int order = 0; order < 2; ++order) {
        std::string& exact = form(out).exact[order];
        if (exact.empty()) continue;
        const std::string stored = form(out).stored[order] = fresh(graph_.value(out).name);
        const std::vector<std::string> two = params(out);
        op("QuantizeLinear", {exact, two[0], two[1]}, {stored});
        exact.clear();
      }
    }
  }
  node_ = nullptr;
  return blockers;
}

void Exporter::write_border(pb::ValueInfoProto& info, const std::string& name, const TensorType& type) {
  info.set_name(name);
  auto& tensor = *info.mutable_type()->mutable_tensor_type();
  tensor.set_elem_type(dtype_to_onnx(type.dtype));
  for (const Dim& d : type.dims) tensor.mutable_shape()->add_dim()->set_dim_value(d.size);
}

std::string Exporter::output_label(size_t i) const { return graph_.output_name(i).empty() ? "output_" + std::to_string(i) : graph_.output_name(i); }

Result<Bytes> Exporter::run() {
  if (options_.onnx_opset < 14 || options_.onnx_opset > 21) return invalid("opset " + std::to_string(options_.onnx_opset) + " is not one of 14 to 21");
  model_.set_ir_version(ir_version(options_.onnx_opset));
  model_.set_producer_name("verge");
  for (ValueId in : graph_.inputs()) signed_ = signed_ || graph_.type(in).dtype == DataType::kI8;
  for (ValueId out : graph_.outputs()) signed_ = signed_ || graph_.type(out).dtype == DataType::kI8;
  proto().set_name(graph_.name.empty() ? "model" : graph_.name);
  for (size_t i = 0; i < graph_.outputs().size(); ++i) taken_[output_label(i)] = 1;
  for (ValueId in : graph_.inputs()) {
    const std::string name = graph_.value(in).name;
    taken_[name] = 1;
    const Order order = options_.channels_first && graph_.type(in).rank() == 4 ? Order::kFirst : Order::kLast;
    form(in).stored[static_cast<int>(order)] = name;
    TensorType type = graph_.type(in);
    if (order == Order::kFirst) type.dims = {type.dims[0], type.dims[3], type.dims[1], type.dims[2]};
    write_border(*proto().add_input(), name, type);
  }
  if (const auto blockers = translate_all(); !blockers.empty())
    return unsupported(std::to_string(blockers.size()) + (blockers.size() == 1 ? " node" : " nodes") + " cannot be written as ONNX\n" + join(blockers, "\n"));
  for (size_t i = 0; i < graph_.outputs().size(); ++i) {
    const ValueId out = graph_.outputs()[i];
    op("Identity", {stored_name(out, Order::kLast)}, {output_label(i)});
    write_border(*proto().add_output(), output_label(i), graph_.type(out));
  }
  pb::OperatorSetIdProto& own = *model_.add_opset_import();
  own.set_domain("");
  own.set_version(options_.onnx_opset);
  if (microsoft_) {
    pb::OperatorSetIdProto& microsoft = *model_.add_opset_import();
    microsoft.set_domain("com.microsoft");
    microsoft.set_version(1);
  }
  for (const auto& [key, value] : options_.metadata) {
    auto& entry = *model_.add_metadata_props();
    entry.set_key(key);
    entry.set_value(value);
  }
  const std::string text = model_.SerializeAsString();
  return Bytes(text.begin(), text.end());
}

Result<Bytes> export_graph(const Graph& graph, const ExportOptions& options) { return Exporter(graph, options).run(); }

}  // namespace verge::formats::onnx
