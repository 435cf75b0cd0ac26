#include "formats/tflite/translation.h"

#include <algorithm>
#include <utility>

#include "core/text.h"
#include "ops/op.h"

namespace verge::formats::tflite {
namespace {

// A composite may hold composites; deeper than this is an attack or a loop.
constexpr size_t kDeepest = 8;
constexpr size_t kRepeats = 16;     // how often the operators of a composite may be used, on average
constexpr size_t kTurns = 1 << 14;  // operators of loops beyond that
// Constants are kept as they are, permuted, and widened four times at most (int8 to f32).
constexpr size_t kCopies = 16;

// What folding may cost: everything that is no matrix product, as long as it is small work.
constexpr int64_t kFoldOperations = int64_t{1} << 26;

std::vector<Dim> input_dims(const schema::Tensor& tensor, const ImportOptions& options) {
  std::vector<Dim> dims = tensor_type(tensor).dims;
  for (size_t i = 0; i < dims.size(); ++i) {
    const std::string symbol = name_of(tensor) + "." + std::to_string(i);
    const bool free = !dims[i].known() || (i < size_of(tensor.shape_signature()) && tensor.shape_signature()->Get(static_cast<uint32_t>(i)) == -1);
    const auto shape = options.shapes.find(name_of(tensor));
    const bool sized = shape != options.shapes.end() && shape->second.rank == static_cast<int>(dims.size());
    if (const auto it = options.dims.find(symbol); free && it != options.dims.end())
      dims[i] = Dim(it->second);
    else if (free && sized)
      dims[i] = Dim(shape->second[static_cast<int>(i)]);
    else if (!dims[i].known())
      dims[i] = Dim::named(symbol);
  }
  return dims;
}

// Options and constants can ask for more than the file's own tensors hold.
Result<void> check_size(const TensorType& type) {
  int64_t count = 1;
  for (const Dim& dim : type.dims) {
    const int64_t size = std::max<int64_t>(dim.size, 1);
    if (size > kMaxElements / count) return corrupt("makes " + type.text() + ", more than 2^31 elements");
    count *= size;
  }
  return done();
}

}  // namespace

Translation::Translation(const File& file, const ImportOptions& options, ImportNotes& notes)
    : file_(file), options_(options), notes_(notes), budget_(file.size() * kCopies + options.max_computed_bytes) {
  for (size_t i = 0; i < file.subgraphs(); ++i) operators_left_ += size_of(file.subgraph(i).operators()) * kRepeats;
  operators_left_ += kTurns;
}

Result<Graph> Translation::run() {
  Scope scope(file_.subgraph(0));
  if (scope.graph.name()) graph_.name = scope.graph.name()->str();
  VERGE_CHECK(add_inputs(scope));
  VERGE_CHECK(translate_all(scope));
  if (!blockers_.empty()) return blockers_.error();
  for (int64_t output : list_of(scope.graph.outputs())) {
    const schema::Tensor& tensor = scope.tensor(output);
    if (tensor.type() == schema::TensorType::COMPLEX64) return unsupported("output '" + name_of(tensor) + "' is complex");
    VERGE_TRY(const ValueId value, output_value(scope, output));
    graph_.add_output(value, name_of(tensor));
  }
  graph_.remove_dead();
  VERGE_CHECK(graph_.validate());
  return graph_.compacted();
}

Result<ValueId> Translation::output_value(Scope& scope, int64_t index) {
  ValueId& value = scope.values[static_cast<size_t>(index)];
  if (value.valid()) return value;
  const schema::Tensor& tensor = scope.tensor(index);
  VERGE_CHECK(charge(file_.constant_bytes(tensor).size()));
  VERGE_TRY(Tensor constant, read_constant(file_, tensor, budget_), "output '" + name_of(tensor) + "'");
  return value = graph_.add_constant(std::move(constant), name_of(tensor));
}

Result<void> Translation::add_inputs(Scope& scope) {
  for (int64_t input : list_of(scope.graph.inputs())) {
    VERGE_TRY(scope.values[static_cast<size_t>(input)], add_input(scope.tensor(input)));
  }
  return done();
}

// An input that is fixed for good is a constant.
Result<ValueId> Translation::add_input(const schema::Tensor& tensor) {
  const std::string name = name_of(tensor);
  TensorType type = tensor_type(tensor);
  if (dtype_bits(type.dtype) == 0) return unsupported("input '" + name + "' is " + describe_type(tensor) + ": this element type is not known here");
  if (const auto fixed = options_.values.find(name); fixed != options_.values.end()) {
    Tensor value = cast_tensor(fixed->second, type.dtype);
    value.set_quant(type.quant);
    return graph_.add_constant(std::move(value), name);
  }
  type.ranked = true;
  type.dims = input_dims(tensor, options_);
  notes_.inputs.push_back(name);
  return graph_.add_input(name, std::move(type));
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
  op.builtin_ = find_builtin(code);
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
  VERGE_CHECK(op.check_complex());
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

Result<std::vector<ValueId>> Op::all_inputs() const {
  for (size_t i = 0; i < in_.size(); ++i)
    if (!in_[i].valid()) return corrupt("input " + std::to_string(i) + " is absent");
  return in_;
}

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
  if (tensor.is_variable() && t_.file_.constant_bytes(tensor).empty()) {
    VERGE_TRY(value, read_state(tensor));
    return value;
  }
  const bool blocks = is_blockwise(tensor);
  const size_t bytes = dtype_bytes(blocks ? DataType::kF32 : element_type(tensor.type()), static_cast<size_t>(element_count(tensor)));
  VERGE_CHECK(charge(bytes));
  if (blocks) {
    VERGE_TRY(Tensor reals, read_blockwise(t_.file_, scope_.graph, tensor, bytes), "constant '" + name_of(tensor) + "'");
    return value = t_.graph_.add_constant(std::move(reals), name_of(tensor));
  }
  VERGE_TRY(Tensor constant, read_constant(t_.file_, tensor, bytes), "constant '" + name_of(tensor) + "'");
  return value = t_.graph_.add_constant(std::move(constant), name_of(tensor));
}

// A state begins with zeros.
Result<ValueId> Op::read_state(const schema::Tensor& tensor) {
  const TensorType type = tensor_type(tensor);
  if (!type.is_static() || dtype_bits(type.dtype) == 0) return refuse("its state '" + name_of(tensor) + "' is " + describe_type(tensor) + ", which has no fixed size");
  const Shape shape = type.shape();
  VERGE_CHECK(charge(dtype_bytes(type.dtype, static_cast<size_t>(shape.count()))));
  Tensor zeros(type.dtype, shape);
  for (int64_t i = 0; i < zeros.count() && !type.quant.empty() && type.dtype == DataType::kI8; ++i) zeros.mut<int8_t>()[static_cast<size_t>(i)] = static_cast<int8_t>(type.quant.zero_point[0]);
  zeros.set_quant(type.quant);
  return t_.graph_.add_constant(std::move(zeros), name_of(tensor));
}

Result<void> Op::set_state(size_t i, ValueId value) {
  scope_.values[static_cast<size_t>(op_.inputs()->Get(static_cast<uint32_t>(i)))] = value;
  return done();
}

// Complex tensors go from RFFT2D to the operators that make real numbers of them, and nowhere else.
Result<void> Op::check_complex() const {
  using Code = schema::BuiltinOperator;
  const auto is_complex = [&](int64_t i) { return i >= 0 && scope_.tensor(i).type() == schema::TensorType::COMPLEX64; };
  const std::vector<int64_t> inputs = list_of(op_.inputs()), outputs = list_of(op_.outputs());
  const bool reads = std::any_of(inputs.begin(), inputs.end(), is_complex), writes = std::any_of(outputs.begin(), outputs.end(), is_complex);
  const Code code = builtin_->code;
  const bool reader = code == Code::COMPLEX_ABS || code == Code::REAL || code == Code::IMAG;
  if (code == Code::RESHAPE ? reads == writes : reads == reader && writes == (code == Code::RFFT2D)) return done();
  return unsupported("complex numbers are translated between RFFT2D, RESHAPE, COMPLEX_ABS, REAL and IMAG alone");
}

TensorType Op::output_type(size_t i) const {
  const schema::Tensor& tensor = scope_.tensor(op_.outputs()->Get(static_cast<uint32_t>(i)));
  TensorType type = tensor_type(tensor);
  if (tensor.type() == schema::TensorType::COMPLEX64) type.dtype = DataType::kF32;
  return type;
}

const schema::Tensor* Op::intermediate(size_t i) const {
  const std::vector<int64_t> all = list_of(op_.intermediates());
  if (i >= all.size() || all[i] < 0 || all[i] >= static_cast<int64_t>(scope_.values.size())) return nullptr;
  return &scope_.tensor(all[i]);
}

std::string Op::output_name(size_t i) const { return i < outputs() ? name_of(scope_.tensor(op_.outputs()->Get(static_cast<uint32_t>(i)))) : ""; }

Result<std::vector<int64_t>> Op::ints(size_t i, const char* what) {
  const Tensor* tensor = known(i);
  if (tensor && is_integer(tensor->dtype())) {
    std::vector<int64_t> list = tensor->to_ints();
    for (int64_t n : list)
      if (n != static_cast<int32_t>(n)) return corrupt(std::string(what) + " holds " + std::to_string(n));
    return list;
  }
  if (tensor) return corrupt(std::string(what) + " is " + type(i).text() + ", wants integers");
  if (t_.graph_.is_input(in(i))) {
    t_.notes_.asked.insert(t_.graph_.value(in(i)).name);
    return refuse(std::string(what) + " is the input '" + t_.graph_.value(in(i)).name + "'", "give its value: --bind " + t_.graph_.value(in(i)).name + "=...");
  }
  waits_ = reads_blocked();
  return refuse(std::string(what) + " is computed while the model runs", "convert the model with fixed input shapes, so that it becomes a constant");
}

const Tensor* Op::known(size_t i) {
  if (constant(i) || !in(i).valid() || !t_.graph_.is_input(in(i))) return constant(i);
  const std::string& name = t_.graph_.value(in(i)).name;
  const auto it = t_.options_.given.find(name);
  if (it == t_.options_.given.end()) return nullptr;
  t_.notes_.used.insert(name);
  return &it->second;
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

bool Op::is_dynamic(size_t i, int axis) const {
  const Tensor* w = constant(i);
  if (!w || w->dtype() != DataType::kI8 || w->quant().empty() || type(size_t{0}).dtype != DataType::kF32) return false;
  const QuantParams& q = w->quant();
  return (!q.per_channel() || q.axis == axis) && std::all_of(q.zero_point.begin(), q.zero_point.end(), [](int32_t z) { return z == 0; });
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

Result<ValueId> Op::add_activated(TensorType like, const std::string& op, std::vector<ValueId> inputs, Attrs attrs, schema::ActivationFunctionType activation) {
  using Activation = schema::ActivationFunctionType;
  switch (activation) {
    case Activation::NONE: break;
    case Activation::RELU: attrs["clamp_min"] = 0.0; break;
    case Activation::RELU_N1_TO_1:
    case Activation::RELU6:
      attrs["clamp_min"] = activation == Activation::RELU6 ? 0.0 : -1.0;
      attrs["clamp_max"] = activation == Activation::RELU6 ? 6.0 : 1.0;
      break;
    case Activation::TANH: {
      if (like.quantized()) return refuse("tanh is fused with a quantised operator");
      VERGE_TRY(const ValueId x, add_as(like, op, std::move(inputs), std::move(attrs)));
      return add_as(std::move(like), "tanh", {x});
    }
    default: return refuse("fused activation number " + std::to_string(static_cast<int>(activation)) + " is not known");
  }
  return add_as(std::move(like), op, std::move(inputs), std::move(attrs));
}

Result<void> Op::result_activated(const std::string& op, std::vector<ValueId> inputs, Attrs attrs, schema::ActivationFunctionType activation) {
  VERGE_TRY(const ValueId value, add_activated(output_type(), op, std::move(inputs), std::move(attrs), activation));
  return set(0, value);
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

Result<std::vector<ValueId>> Op::translate_subgraph(int64_t index, const std::vector<ValueId>& given) {
  if (index < 0 || index >= static_cast<int64_t>(t_.file_.subgraphs()))
    return corrupt("names sub-graph " + std::to_string(index) + " of " + std::to_string(t_.file_.subgraphs()));
  if (t_.nested_ >= kDeepest) return refuse("composites are nested deeper than " + std::to_string(kDeepest));
  Scope scope(t_.file_.subgraph(static_cast<size_t>(index)));
  const std::vector<int64_t> inputs = list_of(scope.graph.inputs());
  if (inputs.size() != given.size()) return corrupt("has other inputs than its sub-graph " + std::to_string(index));
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!given[i].valid()) return corrupt("input " + std::to_string(i) + " is absent");
    scope.values[static_cast<size_t>(inputs[i])] = given[i];
  }
  const size_t blockers = t_.blockers_.all().size();
  ++t_.nested_;
  auto inside = t_.translate_all(scope);
  --t_.nested_;
  if (!inside.ok()) return std::move(inside).error();
  waits_ = t_.blockers_.all().size() > blockers;  // named already
  if (waits_) return refuse("its sub-graph could not be translated");
  std::vector<ValueId> out;
  for (int64_t output : list_of(scope.graph.outputs())) {
    VERGE_TRY(out.emplace_back(), t_.output_value(scope, output));
  }
  return out;
}

Result<void> Op::inline_subgraph(int64_t index) {
  VERGE_TRY(const std::vector<ValueId> values, translate_subgraph(index, in_));
  if (values.size() != outputs()) return corrupt("has other outputs than its sub-graph " + std::to_string(index));
  for (size_t i = 0; i < values.size(); ++i) VERGE_CHECK(set(i, values[i]));
  return done();
}

Result<void> Op::translate_once(int64_t index) {
  const bool outside = std::exchange(t_.before_first_run_, true);
  auto values = translate_subgraph(index, {});
  t_.before_first_run_ = outside;
  if (!values.ok()) return std::move(values).error();
  return done();
}

void Op::name_variable(const std::string& name) {
  const ValueId handle = t_.graph_.add_value(name);
  t_.handles_[handle.index] = name;
  scope_.values[op_.outputs()->Get(0)] = handle;
}

Result<ValueId> Op::read_variable() {
  const auto handle = t_.handles_.find(in(0).index);
  if (handle == t_.handles_.end()) return corrupt("input 0 is no variable");
  const auto value = t_.variables_.find(handle->second);
  if (value == t_.variables_.end()) return refuse("the variable '" + handle->second + "' is read before it is set", "freeze the variables, or make them inputs and outputs");
  return value->second;
}

Result<void> Op::assign_variable(ValueId value) {
  const auto handle = t_.handles_.find(in(0).index);
  if (handle == t_.handles_.end()) return corrupt("input 0 is no variable");
  if (!t_.before_first_run_) return refuse("the variable '" + handle->second + "' keeps its value between runs", "freeze the variables, or make them inputs and outputs");
  if (!constant(value)) return refuse("the variable '" + handle->second + "' starts with a value that is computed from data");
  t_.variables_[handle->second] = value;
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
