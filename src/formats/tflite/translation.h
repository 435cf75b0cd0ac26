// From a checked TFLite file to a Graph: the driver, and what one builtin's translator sees of it.
//
// Values are inferred as nodes are added, so a translator reads real shapes even where the file's are old. A node whose inputs are all constants becomes a
// constant at once: that is how shapes computed from shapes, and f16 weights behind DEQUANTIZE, end as attributes and weights.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "formats/blockers.h"
#include "formats/tflite/file.h"
#include "formats/tflite/tensors.h"
#include "formats/tflite/tflite.h"
#include "ir/graph.h"

namespace verge::formats::tflite {

class Op;

// One line of builtins.inc.
struct Builtin {
  schema::BuiltinOperator code;
  int newest;  // version that the translator knows; a later one may mean something else
  size_t fewest_inputs;
  int outputs;  // -1: any number
  Result<void> (*translate)(Op& op);
  const char* core;
};
// Null for a builtin or custom operator without translation.
const Builtin* find_builtin(const schema::OperatorCode& code);

// Why a builtin or custom operator is refused, and what the user can do about it.
struct Refusal {
  std::string reason, remedy;
};
Refusal refusal_of(const schema::OperatorCode& code);

// A sub-graph on its way: its tensors' values so far.
struct Scope {
  explicit Scope(const schema::SubGraph& source) : graph(source), values(size_of(source.tensors())), blocked(values.size(), false) {}
  const schema::Tensor& tensor(int64_t i) const { return *graph.tensors()->Get(static_cast<uint32_t>(i)); }

  const schema::SubGraph& graph;
  std::vector<ValueId> values;  // invalid: not met yet
  std::vector<bool> blocked;    // descends from an operator that could not be translated
};

// x before it was cut into blocks for a convolution, by the value that holds the blocks.
struct SpaceToBatch {
  ValueId x;
  std::vector<int64_t> block, pads;  // pads: begin and end of each blocked axis
};

class Translation {
 public:
  Translation(const File& file, const ImportOptions& options, ImportNotes& notes);
  Result<Graph> run();

 private:
  friend class Op;
  Result<void> add_inputs(Scope& scope);
  Result<ValueId> add_input(const schema::Tensor& tensor);
  Result<void> translate_all(Scope& scope);
  Result<void> translate(Op& op);
  // Memory that this file has asked for so far stays within `budget_`.
  Result<void> charge(size_t bytes);
  // The value of a sub-graph's output, which may be a constant that no operator made.
  Result<ValueId> output_value(Scope& scope, int64_t tensor);

  const File& file_;
  const ImportOptions& options_;
  ImportNotes& notes_;
  Graph graph_;
  Blockers blockers_;
  std::map<uint32_t, SpaceToBatch> in_blocks_;
  std::map<uint32_t, std::string> handles_;    // variables, by the value that stands for them
  std::map<std::string, ValueId> variables_;   // what they hold now
  bool before_first_run_ = false;              // inside CALL_ONCE
  size_t budget_;
  size_t nested_ = 0;          // composites entered and not left
  size_t operators_left_ = 0;  // operators of composites count at each use
};

// The operator being translated. Inputs are named by their place; an input that is absent is an invalid value.
class Op {
 public:
  Op(Translation& translation, Scope& scope, const schema::Operator& op, size_t index) : t_(translation), scope_(scope), op_(op), index_(index) {}

  size_t inputs() const { return size_of(op_.inputs()); }
  size_t outputs() const { return size_of(op_.outputs()); }
  ValueId in(size_t i) const;
  bool has(size_t i) const { return in(i).valid(); }
  // Every input, for builtins that take any number; kCorrupt names one that is absent.
  Result<std::vector<ValueId>> all_inputs() const;
  // "relu": what the table gives the translator.
  const char* core() const { return builtin_->core; }
  // The options, or the schema's defaults where the file has none; kCorrupt for the options of another builtin.
  template <typename O> Result<const O*> options() const;
  const schema::Operator& source() const { return op_; }

  // Copies, because adding a value may move the graph's own; kNone for an absent input.
  TensorType type(ValueId value) const { return value.valid() ? t_.graph_.type(value) : TensorType(); }
  TensorType type(size_t i) const { return type(in(i)); }
  const Tensor* constant(ValueId value) const { return t_.graph_.constant(value); }
  const Tensor* constant(size_t i) const { return constant(in(i)); }
  const Node* producer(ValueId value) const { return t_.graph_.producer(value); }
  // Element type and quantisation that the file gives an output, and its name.
  TensorType output_type(size_t i = 0) const;
  std::string output_name(size_t i = 0) const;
  // Whether the first output is complex: f32 with the two parts as a first axis (spectrum.cc).
  bool is_complex() const { return scope_.tensor(op_.outputs()->Get(0)).type() == schema::TensorType::COMPLEX64; }
  // A tensor that describes the operator's inside; null where the file names none.
  const schema::Tensor* intermediate(size_t i) const;
  // The numbers of an integer constant, or of an input whose value the caller knows, each within 32 bits; kUnsupported when it is computed from data.
  Result<std::vector<int64_t>> ints(size_t i, const char* what);
  Result<int64_t> integer(size_t i, const char* what);
  // An axis counted from the front.
  Result<int64_t> axis(int64_t axis, int64_t rank, const char* what = "axis") const;
  // Sizes of all dimensions of input i; kUnsupported when one is unknown.
  Result<std::vector<int64_t>> sizes(size_t i, const char* why);
  // Whether input i holds int8 weights of a float operator, with one scale or one along `axis`: LiteRT's hybrid kernels, which quantise activations as they
  // come.
  bool is_dynamic(size_t i, int axis) const;
  // Weights of a float operator as floats: where there is no kernel that quantises activations on the fly, the weights are real numbers again.
  Result<ValueId> weights(size_t i, size_t data_input = 0);

  // A value between the builtin's inputs and outputs; element type and quantisation are those of the first input, or `like`.
  Result<ValueId> add(const std::string& op, std::vector<ValueId> inputs, Attrs attrs = {});
  Result<ValueId> add_as(TensorType like, const std::string& op, std::vector<ValueId> inputs, Attrs attrs = {});
  Result<std::vector<ValueId>> add_many(std::vector<TensorType> like, const std::string& op, std::vector<ValueId> inputs, Attrs attrs);
  Result<ValueId> add_constant(Tensor tensor);
  // The builtin's own output: a new node's, or a value that is there already.
  Result<void> result(const std::string& op, std::vector<ValueId> inputs, Attrs attrs = {}, size_t output = 0);
  // The same for a value on the way to the output.
  Result<ValueId> add_activated(TensorType like, const std::string& op, std::vector<ValueId> inputs, Attrs attrs, schema::ActivationFunctionType activation);
  Result<void> result_activated(const std::string& op, std::vector<ValueId> inputs, Attrs attrs, schema::ActivationFunctionType activation);
  Result<void> set(size_t output, ValueId value);
  // What the state that is input i becomes.
  Result<void> set_state(size_t i, ValueId value);
  ValueId value(size_t output) const { return scope_.values[op_.outputs()->Get(static_cast<uint32_t>(output))]; }
  // The core table's reshape to `dims`, at most one of them unknown.
  Result<Attrs> shape_attr(const std::vector<Dim>& dims);

  // kUnsupported with these words.
  Error refuse(std::string reason, std::string remedy = "");
  std::map<uint32_t, SpaceToBatch>& in_blocks() { return t_.in_blocks_; }
  Result<void> charge(size_t bytes) { return t_.charge(bytes); }
  // Translates another sub-graph of the file in this operator's place: its outputs for these inputs.
  Result<std::vector<ValueId>> translate_subgraph(int64_t index, const std::vector<ValueId>& inputs);
  // The same for the operator's own inputs and outputs.
  Result<void> inline_subgraph(int64_t index);
  // A sub-graph that sets variables before the first run.
  Result<void> translate_once(int64_t index);
  // The first output is this variable; the variable that input 0 is.
  void name_variable(const std::string& name);
  Result<ValueId> read_variable();
  Result<void> assign_variable(ValueId value);

 private:
  friend class Translation;
  Result<void> resolve_inputs();
  Result<ValueId> resolve(int64_t tensor);
  const Tensor* known(size_t i);
  Result<ValueId> read_state(const schema::Tensor& tensor);
  Result<void> check_complex() const;
  Result<bool> fold(NodeId id, std::vector<ValueId>& outputs);
  void name_after(size_t output, ValueId value);
  bool reads_blocked() const;
  void mark_outputs();   // as descendants of a blocked operator
  void block_outputs();  // and gives them the file's types, so that what follows can be looked at
  std::string describe() const;
  Blocker blocker(std::string reason) const;

  Translation& t_;
  Scope& scope_;
  const schema::Operator& op_;
  size_t index_;
  const Builtin* builtin_ = nullptr;
  std::vector<ValueId> in_;
  std::string remedy_;
  bool waits_ = false;  // what failed may be the fault of an operator before it that is a blocker already
};

// A table without fields: all defaults, whatever its type.
const void* empty_table();

template <typename O> Result<const O*> Op::options() const {
  if (op_.builtin_options_type() == schema::BuiltinOptions::NONE || !op_.builtin_options()) return static_cast<const O*>(empty_table());
  if (op_.builtin_options_type() == schema::BuiltinOptionsTraits<O>::enum_value) return static_cast<const O*>(op_.builtin_options());
  return corrupt("its options are those of another operator (number " + std::to_string(static_cast<int>(op_.builtin_options_type())) + ")");
}

}  // namespace verge::formats::tflite
