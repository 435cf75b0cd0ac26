#include "formats/tflite/translation.h"

#include <algorithm>

#include "core/text.h"
#include "ops/op.h"

namespace verge::formats::tflite {
namespace {

// A composite may hold composites; deeper than this is an attack or a loop.
constexpr size_t kDeepest = 8;
constexpr size_t kRepeats = 16;  // how often the operators of a composite may be used, on average
// Constants are kept as they are, permuted, and widened four times at most (int8 to f32).
constexpr size_t kCopies = 16;

// What folding may cost: everything that is no matrix product, as long as it is small work.
constexpr int64_t kFoldOperations = int64_t{1} << 26;

std::vector<Dim> input_dims(const schema::Tensor& tensor, const ImportOptions& options) {
  std::vector<Dim> dims = tensor_type(tensor).dims;
  for (size_t i = 0; i < dims.size(); ++i) {
    const std::string symbol = name_of(tensor) + "." + std::to_string(i);
    const bool free = !dims[i].known() || (i < size_of(tensor.shape_signature()) && tensor.shape_signature()->Get(static_cast<uint32_t>(i)) == -1);
    if (const auto it = options.dims.find(symbol); free && it != options.dims.end())
      dims[i] = Dim(it->second);
    else if (!dims[i].known())
      dims[i] = Dim::named(symbol);
  }
  return dims;
}

// Options and constants can ask for more than the file's own tensors hold.
Result<void> check_size(const TensorType& type) {
  int64_t count = 1;
  for (const Dim& dim : type.dims)
    if (count *= std::max<int64_t>(dim.size, 1); count > kMaxElements) return corrupt("makes " + type.text() + ", more than 2^31 elements");
  return done();
}

}  // namespace

Translation::Translation(const File& file, const ImportOptions& options)
    : file_(file), options_(options), budget_(file.size() * kCopies + options.max_computed_bytes) {
  for (size_t i = 0; i < file.subgraphs(); ++i) operators_left_ += size_of(file.subgraph(i).operators()) * kRepeats;
}

Result<Graph> Translation::run() {
  Scope scope(file_.subgraph(0));
  if (scope.graph.name()) graph_.name = scope.graph.name()->str();
  VERGE_CHECK(add_inputs(scope));
  VERGE_CHECK(translate_all(scope));
  if (!blockers_.empty()) return blockers_.error();
  for (int64_t output : list_of(scope.graph.outputs())) {
    const schema::Tensor& tensor = scope.tensor(output);
    if (!scope.values[static_cast<size_t>(output)].valid()) {
      VERGE_CHECK(charge(file_.constant_bytes(tensor).size()));
      VERGE_TRY(Tensor constant, read_constant(file_, tensor, budget_), "output '" + name_of(tensor) + "'");
      scope.values[static_cast<size_t>(output)] = graph_.add_constant(std::move(constant), name_of(tensor));
    }
    graph_.add_output(scope.values[static_cast<size_t>(output)], name_of(tensor));
  }
  graph_.remove_dead();
  VERGE_CHECK(graph_.validate());
  return graph_.compacted();
}

Result<void> Translation::add_inputs(Scope& scope) {
  for (int64_t input : list_of(scope.graph.inputs())) {
    const schema::Tensor& tensor = scope.tensor(input);
    TensorType type = tensor_type(tensor);
    if (dtype_bits(type.dtype) == 0)
      return unsupported("input '" + name_of(tensor) + "' is " + describe_type(tensor) + ": this element type is not known here");
    type.ranked = true;
    type.dims = input_dims(tensor, options_);
    scope.values[static_cast<size_t>(input)] = graph_.add_input(name_of(tensor), std::move(type));
  }
  return done();
}

Result<void> Translation::translate_all(Scope& scope) {
  for (size_t i = 0; i < size_of(scope.graph.operators()); ++i) {
    if (operators_left_-- == 0) return unsupported("its composites multiply the operators of the file more than " + std::to_string(kRepeats) + " times");
    Op op(*this, scope, *scope.graph.operators()->Get(static_cast<uint32_t>(i)), i);
    auto result = translate(op);
    if (result.ok()) {
      if (op.reads_blocked()) op.mark_outputs();
      continue;
    }
    const bool blocks = result.error().code() == Code::kUnsupported;
    if (!blocks && !op.reads_blocked()) return std::move(result).error().within(op.describe());
    if (blocks && !op.waits_) blockers_.add(op.blocker(result.error().message()));
    op.block_outputs();
  }
  return done();
}

Result<void> Translation::translate(Op& op) {
  const schema::OperatorCode& code = file_.code(op.op_);
  op.builtin_ = find_builtin(builtin_of(code));
  if (!op.builtin_) {
    Refusal refusal = refusal_of(code);
    return op.refuse(std::move(refusal.reason), std::move(refusal.remedy));
  }
  const Builtin& builtin = *op.builtin_;
  if (code.version() > builtin.newest)
    return op.refuse("version " + std::to_string(code.version()) + " is newer than the versions known here, up to " + std::to_string(builtin.newest),
                     "convert with an older TensorFlow, or with a target version");
  if (builtin.outputs >= 0 ? op.outputs() != static_cast<size_t>(builtin.outputs) : op.outputs() == 0)
    return corrupt("has " + std::to_string(op.outputs()) + " outputs, wants " + (builtin.outputs < 0 ? "some" : std::to_string(builtin.outputs)));
  VERGE_CHECK(op.resolve_inputs());
  for (size_t i = 0; i < builtin.fewest_inputs; ++i)
    if (!op.has(i)) return corrupt("input " + std::to_string(i) + " is absent");
  return builtin.translate(op);
}

Result<void> Translation::charge(size_t bytes) {
  if (bytes > budget_) return unsupported("constants of this file take more memory than its size allows");
  budget_ -= bytes;
  return done();
}

ValueId Op::in(size_t i) const { return i < in_.size() ? in_[i] : ValueId(); }

Result<void> Op::resolve_inputs() {
  for (int64_t tensor : list_of(op_.inputs())) {
    VERGE_TRY(in_.emplace_back(), resolve(tensor));
  }
  return done();
}

Result<ValueId> Op::resolve(int64_t index) {
  if (index < 0) return ValueId();
  ValueId& value = scope_.values[static_cast<size_t>(index)];
  if (value.valid()) return value;
  const schema::Tensor& tensor = scope_.tensor(index);
  if (tensor.is_variable()) return refuse("reads the state '" + name_of(tensor) + "'; operators with state are not translated");
  const size_t bytes = dtype_bytes(element_type(tensor.type()), static_cast<size_t>(element_count(tensor)));
  VERGE_CHECK(charge(bytes));
  VERGE_TRY(Tensor constant, read_constant(t_.file_, tensor, bytes), "constant '" + name_of(tensor) + "'");
  return value = t_.graph_.add_constant(std::move(constant), name_of(tensor));
}

TensorType Op::output_type(size_t i) const { return tensor_type(scope_.tensor(op_.outputs()->Get(static_cast<uint32_t>(i)))); }
std::string Op::output_name(size_t i) const { return i < outputs() ? name_of(scope_.tensor(op_.outputs()->Get(static_cast<uint32_t>(i)))) : ""; }

Result<std::vector<int64_t>> Op::ints(size_t i, const char* what) {
  const Tensor* tensor = constant(i);
  if (tensor && is_integer(tensor->dtype())) {
    std::vector<int64_t> list = tensor->to_ints();
    for (int64_t n : list)
      if (n != static_cast<int32_t>(n)) return corrupt(std::string(what) + " holds " + std::to_string(n));
    return list;
  }
  if (tensor) return corrupt(std::string(what) + " is " + type(i).text() + ", wants integers");
  waits_ = reads_blocked();
  return refuse(std::string(what) + " is computed while the model runs", "convert the model with fixed input shapes, so that it becomes a constant");
}

Result<int64_t> Op::integer(size_t i, const char* what) {
  VERGE_TRY(const std::vector<int64_t> list, ints(i, what));
  if (list.size() != 1) return corrupt(std::string(what) + " has " + std::to_string(list.size()) + " numbers, wants 1");
  return list[0];
}

Result<int64_t> Op::axis(int64_t axis, int64_t rank, const char* what) const {
  if (axis < -rank || axis >= rank) return corrupt(std::string(what) + " is " + std::to_string(axis) + " for rank " + std::to_string(rank));
  return axis < 0 ? axis + rank : axis;
}

Result<std::vector<int64_t>> Op::sizes(size_t i, const char* why) {
  const TensorType t = type(i);
  std::vector<int64_t> out;
  for (const Dim& dim : t.dims) out.push_back(dim.size);
  if (t.is_static()) return out;
  waits_ = reads_blocked();
  return refuse("input " + std::to_string(i) + " is " + t.text() + ": " + why + " needs its whole shape", "give the open dimensions a size");
}

Result<ValueId> Op::weights(size_t i, size_t data_input) {
  const Tensor* w = constant(i);
  if (type(data_input).quantized() || !is_float(type(data_input).dtype) || !w || w->quant().empty()) return in(i);
  VERGE_CHECK(charge(static_cast<size_t>(w->count()) * sizeof(float)));
  return t_.graph_.add_constant(dequantized(*w), t_.graph_.value(in(i)).name);
}

Result<ValueId> Op::add(const std::string& op, std::vector<ValueId> inputs, Attrs attrs) {
  TensorType like = type(inputs[0]);
  return add_as(std::move(like), op, std::move(inputs), std::move(attrs));
}

Result<ValueId> Op::add_as(TensorType like, const std::string& op, std::vector<ValueId> inputs, Attrs attrs) {
  VERGE_TRY(const std::vector<ValueId> values, add_many({std::move(like)}, op, std::move(inputs), std::move(attrs)));
  return values[0];
}

Result<std::vector<ValueId>> Op::add_many(std::vector<TensorType> like, const std::string& op, std::vector<ValueId> inputs, Attrs attrs) {
  Graph& graph = t_.graph_;
  const NodeId id = graph.add_node({op, std::move(inputs), std::move(attrs), output_name() + "/" + op, like.size()});
  std::vector<ValueId> outputs = graph.node(id).outputs;
  for (size_t i = 0; i < outputs.size(); ++i) {
    graph.value(outputs[i]).type.dtype = like[i].dtype;
    graph.value(outputs[i]).type.quant = like[i].quant;
  }
  auto inferred = ops::infer_node(graph, graph.node(id));
  if (!inferred.ok() && inferred.error().code() == Code::kInvalidArgument) return corrupt(inferred.error().message());
  if (!inferred.ok()) return std::move(inferred).error();
  for (ValueId v : outputs) VERGE_CHECK(check_size(graph.type(v)));
  VERGE_TRY(const bool folded, fold(id, outputs));
  if (folded) graph.remove_node(id);
  return outputs;
}

Result<bool> Op::fold(NodeId id, std::vector<ValueId>& outputs) {
  Graph& graph = t_.graph_;
  const Node& node = graph.node(id);
  std::vector<Tensor> inputs;
  for (ValueId v : node.inputs) {
    if (v.valid() && !graph.constant(v)) return false;
    inputs.push_back(v.valid() ? *graph.constant(v) : Tensor());
  }
  size_t bytes = 0;
  for (ValueId v : outputs) {
    if (!graph.type(v).is_static()) return false;
    bytes += dtype_bytes(graph.type(v).dtype, static_cast<size_t>(graph.type(v).shape().count()));
  }
  const ops::Cost cost = ops::cost_of(graph, node);
  if (inputs.empty() || cost.macs > 0 || cost.operations > kFoldOperations || bytes > t_.budget_) return false;
  auto computed = ops::run_reference(graph, node, inputs);
  if (!computed.ok()) return false;
  VERGE_CHECK(charge(bytes));
  for (size_t i = 0; i < outputs.size(); ++i) outputs[i] = graph.add_constant(std::move((*computed)[i]), graph.value(outputs[i]).name);
  return true;
}

Result<ValueId> Op::add_constant(Tensor tensor) {
  VERGE_CHECK(charge(tensor.bytes().size()));
  return t_.graph_.add_constant(std::move(tensor), output_name());
}

Result<void> Op::result(const std::string& op, std::vector<ValueId> inputs, Attrs attrs, size_t output) {
  VERGE_TRY(const ValueId value, add_as(output_type(output), op, std::move(inputs), std::move(attrs)));
  return set(output, value);
}

Result<void> Op::result_activated(const std::string& op, std::vector<ValueId> inputs, Attrs attrs, schema::ActivationFunctionType activation) {
  using Activation = schema::ActivationFunctionType;
  switch (activation) {
    case Activation::NONE: return result(op, std::move(inputs), std::move(attrs));
    case Activation::RELU: attrs["clamp_min"] = 0.0; return result(op, std::move(inputs), std::move(attrs));
    case Activation::RELU_N1_TO_1:
    case Activation::RELU6:
      attrs["clamp_min"] = activation == Activation::RELU6 ? 0.0 : -1.0;
      attrs["clamp_max"] = activation == Activation::RELU6 ? 6.0 : 1.0;
      return result(op, std::move(inputs), std::move(attrs));
    case Activation::TANH: {
      if (output_type().quantized()) return refuse("tanh is fused with a quantised operator");
      VERGE_TRY(const ValueId x, add_as(output_type(), op, std::move(inputs), std::move(attrs)));
      return result("tanh", {x});
    }
    default: return refuse("fused activation number " + std::to_string(static_cast<int>(activation)) + " is not known");
  }
}

Result<void> Op::set(size_t output, ValueId value) {
  const TensorType wanted = output_type(output);
  const TensorType made = type(value);
  if (made.dtype != wanted.dtype) return refuse("its output is " + made.text() + " by its inputs, but the file says " + wanted.text());
  if (!wanted.quant.empty() && !(made.quant == wanted.quant)) return refuse("its output has the quantisation of its input, but the file gives it another");
  scope_.values[op_.outputs()->Get(static_cast<uint32_t>(output))] = value;
  name_after(output, value);
  return done();
}

void Op::name_after(size_t output, ValueId value) {
  Value& named = t_.graph_.value(value);
  if (!named.producer.valid()) return;
  named.name = output_name(output);
  if (output == 0) t_.graph_.node(named.producer).name = output_name();
}

Result<Attrs> Op::shape_attr(const std::vector<Dim>& dims) {
  std::vector<int64_t> shape;
  for (const Dim& dim : dims) {
    if (dim.size == 0) return refuse("a tensor without elements");
    shape.push_back(dim.known() ? dim.size : -1);
  }
  if (std::count(shape.begin(), shape.end(), -1) > 1)
    return refuse("its output has more than one dimension of unknown size", "give the open dimensions a size");
  return Attrs{{"shape", std::move(shape)}};
}

Error Op::refuse(std::string reason, std::string remedy) {
  remedy_ = std::move(remedy);
  return unsupported(std::move(reason));
}

Result<void> Op::inline_subgraph(int64_t index) {
  if (index < 0 || index >= static_cast<int64_t>(t_.file_.subgraphs()))
    return corrupt("names sub-graph " + std::to_string(index) + " of " + std::to_string(t_.file_.subgraphs()));
  if (t_.nested_ >= kDeepest) return refuse("composites are nested deeper than " + std::to_string(kDeepest));
  Scope scope(t_.file_.subgraph(static_cast<size_t>(index)));
  const std::vector<int64_t> inputs = list_of(scope.graph.inputs()), outputs = list_of(scope.graph.outputs());
  if (inputs.size() != this->inputs() || outputs.size() != this->outputs())
    return corrupt("has other inputs or outputs than its sub-graph " + std::to_string(index));
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!has(i)) return corrupt("input " + std::to_string(i) + " is absent");
    scope.values[static_cast<size_t>(inputs[i])] = in(i);
  }
  const size_t blockers = t_.blockers_.all().size();
  ++t_.nested_;
  auto inside = t_.translate_all(scope);
  --t_.nested_;
  if (!inside.ok()) return inside;
  waits_ = t_.blockers_.all().size() > blockers;  // named already
  if (waits_) return refuse("its sub-graph could not be translated");
  for (size_t i = 0; i < outputs.size(); ++i) {
    const ValueId value = scope.values[static_cast<size_t>(outputs[i])];
    if (!value.valid()) return refuse("its sub-graph returns a constant");
    VERGE_CHECK(set(i, value));
  }
  return done();
}

bool Op::reads_blocked() const {
  const std::vector<int64_t> inputs = list_of(op_.inputs());
  return std::any_of(inputs.begin(), inputs.end(), [&](int64_t i) { return i >= 0 && scope_.blocked[static_cast<size_t>(i)]; });
}

void Op::mark_outputs() {
  for (int64_t i : list_of(op_.outputs())) scope_.blocked[static_cast<size_t>(i)] = true;
}

void Op::block_outputs() {
  mark_outputs();
  for (int64_t i : list_of(op_.outputs())) {
    scope_.values[static_cast<size_t>(i)] = t_.graph_.add_value(name_of(scope_.tensor(i)), tensor_type(scope_.tensor(i)));
  }
}

std::string Op::describe() const { return "operator " + std::to_string(index_) + " '" + output_name() + "' (" + tflite::describe(t_.file_.code(op_)) + ")"; }

Blocker Op::blocker(std::string reason) const {
  std::vector<std::string> types;
  for (int64_t i : list_of(op_.inputs())) types.push_back(i < 0 ? "absent" : describe_type(scope_.tensor(i)));
  return {tflite::describe(t_.file_.code(op_)), std::to_string(index_) + " " + output_name(), join(types, ", "), std::move(reason), remedy_};
}

const void* empty_table() {
  static const flatbuffers::FlatBufferBuilder table = [] {
    flatbuffers::FlatBufferBuilder builder;
    builder.Finish(flatbuffers::Offset<void>(builder.EndTable(builder.StartTable())));
    return builder;
  }();
  return flatbuffers::GetRoot<flatbuffers::Table>(table.GetBufferPointer());
}

}  // namespace verge::formats::tflite
