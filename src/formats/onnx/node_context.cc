#include "formats/onnx/node_context.h"

#include "core/text.h"
#include "formats/onnx/weights.h"

namespace verge::formats::onnx {
namespace {

constexpr const char* kFixSizes = "give sizes to the symbolic dimensions (--dim NAME=SIZE), or export the model with fixed shapes";

// AttributeProto.type
constexpr int32_t kFloat = 1, kInt = 2, kString = 3, kTensor = 4, kFloats = 6, kInts = 7, kStrings = 8;

}  // namespace

const TensorType& NodeContext::type(ValueId value) const {
  static const TensorType kNothing;
  return value.valid() ? builder_.graph().type(value) : kNothing;
}

const pb::AttributeProto* NodeContext::find(const std::string& name) const {
  for (const auto& a : source_.proto.attribute())
    if (a.name() == name) return &a;
  return nullptr;
}

const pb::AttributeProto* NodeContext::find(const std::string& name, int32_t type, const char* wanted) {
  const pb::AttributeProto* a = find(name);
  if (a && a->has_type() && a->type() != type) {
    keep(damaged("attribute '" + name + "' is not " + wanted));
    return nullptr;
  }
  return a;
}

int64_t NodeContext::integer(const std::string& name, int64_t otherwise) {
  const auto* a = find(name, kInt, "an integer");
  return a ? a->i() : otherwise;
}

double NodeContext::real(const std::string& name, double otherwise) {
  if (const auto* given = find(name); given && given->type() == kInt) return static_cast<double>(given->i());
  const auto* a = find(name, kFloat, "a real number");
  return a ? a->f() : otherwise;
}

std::string NodeContext::text(const std::string& name, const std::string& otherwise) {
  const auto* a = find(name, kString, "a text");
  return a ? a->s() : otherwise;
}

std::vector<int64_t> NodeContext::integers(const std::string& name, std::vector<int64_t> otherwise) {
  const auto* a = find(name, kInts, "a list of integers");
  return a ? std::vector<int64_t>(a->ints().begin(), a->ints().end()) : otherwise;
}

std::vector<double> NodeContext::reals(const std::string& name) {
  const auto* a = find(name, kFloats, "a list of real numbers");
  return a ? std::vector<double>(a->floats().begin(), a->floats().end()) : std::vector<double>();
}

std::vector<std::string> NodeContext::texts(const std::string& name) {
  const auto* a = find(name, kStrings, "a list of texts");
  return a ? std::vector<std::string>(a->strings().begin(), a->strings().end()) : std::vector<std::string>();
}

const pb::TensorProto* NodeContext::tensor(const std::string& name) const {
  const auto* a = find(name);
  return a && a->has_t() && (!a->has_type() || a->type() == kTensor) ? &a->t() : nullptr;
}

bool NodeContext::ask(size_t i) {
  const std::vector<ValueId> open = builder_.known().open_inputs(in(i));
  for (ValueId v : open) asked_.insert(graph().value(v).name);
  if (open.empty() && has(i)) wanted_.insert(i);
  return !open.empty();
}

Error NodeContext::not_known(size_t i, const char* what) {
  const std::string which = std::string("its ") + what + " (input " + std::to_string(i) + ")";
  if (!ask(i)) return refuse(which + " is not constant", kFixSizes);
  const std::vector<std::string> names(asked_.begin(), asked_.end());
  return refuse(which + " depends on the value of " + (names.size() > 1 ? "inputs '" : "input '") + join(names, "', '") + "'",
                "fix it: --bind " + join(names, "=VALUE --bind ") + "=VALUE, or =FILE.npy");
}

std::optional<Contents> NodeContext::contents(size_t i) {
  if (!has(i)) return std::nullopt;
  const auto followed = builder_.contents(in(i));
  if (followed && numbers(*followed)) return followed;
  if (const auto tensor = builder_.known().of(in(i))) return contents_of(*tensor);
  ask(i);
  return followed;
}

Result<Tensor> NodeContext::known(size_t i, const char* what) {
  if (auto tensor = builder_.known().of(in(i))) return *std::move(tensor);
  return not_known(i, what);
}

Result<ValueId> NodeContext::fixed(size_t i, const char* what) {
  if (!has(i) || is_weight(graph(), in(i))) return in(i);
  VERGE_TRY(Tensor tensor, known(i, what));
  return graph().add_constant(std::move(tensor), graph().value(in(i)).name);
}

Result<std::vector<int64_t>> NodeContext::ints(size_t i, const char* what) {
  const auto elements = contents(i);
  const auto all = elements ? numbers(*elements) : std::nullopt;
  if (all) return *all;
  VERGE_TRY(const Tensor tensor, known(i, what));
  return tensor.to_ints();
}

Result<std::vector<int64_t>> NodeContext::ints(const std::string& attr, size_t i, std::vector<int64_t> otherwise) {
  if (has_attr(attr)) return integers(attr);
  if (!has(i)) return otherwise;
  return ints(i, attr.c_str());
}

Result<double> NodeContext::number(size_t i, const char* what) {
  VERGE_TRY(const Tensor tensor, known(i, what));
  if (tensor.count() != 1) return damaged(std::string("its ") + what + " has " + std::to_string(tensor.count()) + " elements, wants 1");
  return tensor.at(0);
}

Result<int> NodeContext::rank(size_t i) {
  if (!type(i).ranked) return refuse("the rank of its input " + std::to_string(i) + " is not known", kFixSizes);
  return type(i).rank();
}

Result<int> NodeContext::axis(int64_t axis, int rank) {
  if (axis < -rank || axis >= rank) return damaged("axis " + std::to_string(axis) + " is out of range for rank " + std::to_string(rank));
  return static_cast<int>(axis < 0 ? axis + rank : axis);
}

ValueId NodeContext::add(const std::string& op, std::vector<ValueId> inputs, Attrs attrs, TensorType type) {
  if (error_) return {};
  while (!inputs.empty() && !inputs.back().valid()) inputs.pop_back();
  const std::string part = name() + "/" + op + (parts_ ? "_" + std::to_string(parts_) : "");
  ++parts_;
  auto out = builder_.add({op, std::move(inputs), std::move(attrs), part}, {std::move(type)});
  if (out.ok()) return (*out)[0];
  keep(std::move(out).error());
  return {};
}

std::vector<ValueId> NodeContext::add_many(const std::string& op, std::vector<ValueId> inputs, Attrs attrs, size_t outputs) {
  if (error_) return std::vector<ValueId>(outputs);
  while (!inputs.empty() && !inputs.back().valid()) inputs.pop_back();
  auto out = builder_.add({op, std::move(inputs), std::move(attrs), name() + "/" + op, outputs});
  if (out.ok()) return *std::move(out);
  keep(std::move(out).error());
  return std::vector<ValueId>(outputs);
}

ValueId NodeContext::constant(Tensor tensor, const std::string& suffix) { return graph().add_constant(std::move(tensor), name() + "/" + suffix); }

ValueId NodeContext::scalar(double value, ValueId like) {
  const DataType dtype = type(like).dtype;
  return constant(cast_tensor(Tensor::scalar(value), dtype == DataType::kNone ? DataType::kF32 : dtype));
}

ValueId NodeContext::integers_constant(const std::vector<int64_t>& values) {
  return constant(Tensor::of<int64_t>({static_cast<int32_t>(values.size())}, values));
}

ValueId NodeContext::quantised(ValueId value, const QuantParams& quant) {
  if (error_ || !value.valid()) return {};
  if (const Tensor* t = graph().constant(value)) {
    Tensor copy = *t;
    copy.set_quant(quant);
    return graph().add_constant(std::move(copy), graph().value(value).name);
  }
  QuantParams& present = graph().value(value).type.quant;
  if (present.empty()) present = quant;
  if (present == quant) return value;
  keep(refuse("value '" + graph().value(value).name + "' is read with two different scales or zero points", "give each reader its own QuantizeLinear"));
  return {};
}

Result<void> NodeContext::finish(ValueId value, size_t i) {
  if (error_) return *error_;
  if (i >= results_.size()) return done();
  results_[i] = value;
  if (!value.valid()) return internal("a translation left output " + std::to_string(i) + " without value");
  const std::string& wanted = source_.proto.output(static_cast<int>(i));
  const bool handed_through = value.index < first_value_;
  if (handed_through || wanted.empty()) return done();
  Value& made = graph().value(value);
  made.name = wanted;
  if (made.producer.valid() && i == 0) graph().node(made.producer).name = name();
  return done();
}

Result<void> NodeContext::reserve(double numbers) {
  const double bytes = numbers * sizeof(double);
  if (builder_.reserve(bytes)) return done();
  return refuse("it describes a table of " + human_bytes(bytes) + ", more than is left of what a file may describe without holding it");
}

Error NodeContext::refuse(std::string reason, std::string remedy) {
  remedy_ = std::move(remedy);
  return unsupported(std::move(reason));
}

void NodeContext::keep(Error error) {
  if (!error_) error_ = std::move(error);
}

}  // namespace verge::formats::onnx
