// What the translation of one source node sees: its inputs as values of the Graph, its attributes, and how to add core nodes.
//
//   Result<void> hard_sigmoid(NodeContext& c) {
//     return c.finish(c.add("hsigmoid", {c.in(0)}, {{"alpha", c.real("alpha", 0.2)}, {"beta", c.real("beta", 0.5)}}));
//   }
//
// add() and the attribute readers do not fail visibly: the first error is kept, later calls do nothing, and finish() returns it. So a translation reads
// as its formula. A translation that cannot express a node says why with refuse(), and that becomes a line of the report of blockers.
#pragma once
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/result.h"
#include "formats/onnx/builder.h"
#include "formats/onnx/tensor_proto.h"

namespace verge::formats::onnx {

class NodeContext {
 public:
  struct Source {
    const pb::NodeProto& proto;
    std::string name;             // the node's name, or one made up for it
    int64_t opset = 0;            // of the node's domain
    std::vector<ValueId> inputs;  // invalid: absent
    const char* core = nullptr;   // the table's third column
    std::string base_dir;
    std::function<bool(size_t)> is_read;  // whether anybody reads output i
  };
  NodeContext(Builder& builder, Source source)
      : builder_(builder), source_(std::move(source)), results_(source_.proto.output_size()), first_value_(builder.graph().value_count()) {}

  const std::string& op() const { return source_.proto.op_type(); }
  const std::string& name() const { return source_.name; }
  int64_t opset() const { return source_.opset; }
  // The core operator that the table names for this row.
  const char* core() const { return source_.core; }
  Graph& graph() { return builder_.graph(); }
  Builder& builder() { return builder_; }

  size_t input_count() const { return source_.inputs.size(); }
  size_t output_count() const { return results_.size(); }
  // Whether the model reads output i.
  bool wants(size_t i) const { return i < results_.size() && source_.is_read(i); }
  const std::vector<ValueId>& inputs() const { return source_.inputs; }
  bool has(size_t i) const { return i < source_.inputs.size() && source_.inputs[i].valid(); }
  ValueId in(size_t i) const { return i < source_.inputs.size() ? source_.inputs[i] : ValueId{}; }
  const TensorType& type(ValueId value) const;
  const TensorType& type(size_t i) const { return type(in(i)); }
  const Tensor* constant(size_t i) const { return builder_.graph().constant(in(i)); }
  // The elements of input i, numbers or not; nullopt when nothing is known, and then the model's inputs that would settle them are asked for.
  std::optional<Contents> contents(size_t i);

  // Attributes; the value given otherwise where the node has none of that name. A wrong type is an error.
  bool has_attr(const std::string& name) const { return find(name) != nullptr; }
  int64_t integer(const std::string& name, int64_t otherwise);
  double real(const std::string& name, double otherwise);
  std::string text(const std::string& name, const std::string& otherwise);
  std::vector<int64_t> integers(const std::string& name, std::vector<int64_t> otherwise = {});
  std::vector<double> reals(const std::string& name);
  std::vector<std::string> texts(const std::string& name);
  const pb::TensorProto* tensor(const std::string& name) const;
  const std::string& base_dir() const { return source_.base_dir; }

  // What must be known now. Where it depends on values of the model's inputs (axes, sizes or weights that are inputs), these are asked for by name: the
  // refusal names them, and the import is done again with their values. Data is never asked for.
  //
  // The elements of input i. `what` names them in the refusal.
  Result<Tensor> known(size_t i, const char* what);
  // The refusal for input i when contents() or known() could not tell: it asks for the inputs that could.
  Error not_known(size_t i, const char* what);
  // Input i as a constant, or a dequantized one: weights that are packed, statistics that are folded.
  Result<ValueId> fixed(size_t i, const char* what);
  // Integers: those of input i.
  Result<std::vector<int64_t>> ints(size_t i, const char* what);
  // The same from the attribute, where an older opset has them, or from input i; `otherwise` where neither is given.
  Result<std::vector<int64_t>> ints(const std::string& attr, size_t i, std::vector<int64_t> otherwise = {});
  // A real number: input i, of one element.
  Result<double> number(size_t i, const char* what);
  // Rank of input i; refuses when it is unknown.
  Result<int> rank(size_t i = 0);
  // `axis` counted from the front; an error when it is out of range for `rank`.
  Result<int> axis(int64_t axis, int rank);

  // Core nodes. `type` gives the output's element type and quantisation where inference cannot know them.
  ValueId add(const std::string& op, std::vector<ValueId> inputs, Attrs attrs = {}, TensorType type = {});
  std::vector<ValueId> add_many(const std::string& op, std::vector<ValueId> inputs, Attrs attrs, size_t outputs);
  ValueId constant(Tensor tensor, const std::string& suffix = "const");
  // A scalar of the element type of `like`.
  ValueId scalar(double value, ValueId like);
  ValueId integers_constant(const std::vector<int64_t>& values);
  // `value` as an integer type with these parameters: a constant is copied, a value that has none gets them; an error when it has others.
  ValueId quantised(ValueId value, const QuantParams& quant);

  // Output i of the source node is `value`; the core node that makes it takes the source node's name, and the value the source's.
  Result<void> finish(ValueId value, size_t i = 0);
  const std::vector<ValueId>& results() const { return results_; }

  // To be asked before a table of `numbers` is made that the file only describes: a refusal where ImportOptions::max_computed_bytes leaves less.
  Result<void> reserve(double numbers);

  // An error that becomes a blocker. `remedy`: what the user can do.
  Error refuse(std::string reason, std::string remedy = "");
  const std::string& remedy() const { return remedy_; }
  // Names of the model's inputs whose values this translation asked for.
  const std::set<std::string>& asked() const { return asked_; }
  // Inputs of the node whose elements it needed, and which no inputs of the model could tell: they depend on data.
  const std::set<size_t>& wanted() const { return wanted_; }
  // The file contradicts itself or the specification here.
  static Error damaged(std::string what) { return corrupt(std::move(what)); }

 private:
  const pb::AttributeProto* find(const std::string& name) const;
  const pb::AttributeProto* find(const std::string& name, int32_t type, const char* wanted);
  void keep(Error error);
  // Notes which inputs would settle input i; false when none would.
  bool ask(size_t i);

  Builder& builder_;
  Source source_;
  std::vector<ValueId> results_;
  size_t first_value_;  // values from this index on were made here
  std::optional<Error> error_;
  std::string remedy_;
  std::set<std::string> asked_;
  std::set<size_t> wanted_;
  int parts_ = 0;
};

}  // namespace verge::formats::onnx
