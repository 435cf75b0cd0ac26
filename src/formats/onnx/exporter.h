// A Graph as an ONNX file, node by node; exports.inc lists what has an operator there.
//
// The Graph is channels last, ONNX is channels first: a value of rank 4 may exist in both orders, and a Transpose is written where an order is read
// that nobody has made. A quantised node is its float operator between DequantizeLinear and QuantizeLinear (QDQ), or, where ONNX or ONNX Runtime has
// one, the operator in integers (QOperator).
#pragma once
#include <limits>
#include <map>

#include "formats/export.h"
#include "formats/onnx/tensor_proto.h"

namespace verge::formats::onnx {

Result<Bytes> export_graph(const Graph& graph, const ExportOptions& options);

enum class Order : uint8_t { kLast, kFirst };  // channels last, as in the Graph, or first

class Exporter {
 public:
  Exporter(const Graph& graph, const ExportOptions& options) : graph_(graph), options_(options), forms_(graph.value_count()) {}
  Result<Bytes> run();

  const Graph& graph() const { return graph_; }
  const Node& node() const { return *node_; }
  const ExportOptions& options() const { return options_; }
  const TensorType& in_type(size_t i = 0) const { return graph_.type(node_->input(i)); }
  const TensorType& out_type(size_t i = 0) const { return graph_.type(node_->output(i)); }
  const Tensor* constant_in(size_t i) const { return graph_.constant(node_->input(i)); }
  // Integers in and out, and the file is to say so.
  bool in_integers() const { return in_type().quantized() && out_type().quantized() && options_.onnx_form == OnnxForm::kQOperator; }

  // The order in which an operator that has none should run: channels first where all inputs of rank 4 are at hand so.
  Order natural_order() const;
  // Input i as stored, quantised or not, and as floats.
  std::string stored(size_t i, Order order) { return stored_name(node_->input(i), order); }
  std::string real(size_t i, Order order) { return real_name(node_->input(i), order); }
  // As floats that stay on the grid of input i. OpenVINO leaves out the one rounding between a convolution and the sum that it fuses into it; of two in a row, which
  // change nothing, it keeps one.
  std::string addend(size_t i, Order order);
  // A name for output i as stored, and one for floats that become the output, through QuantizeLinear where it is quantised.
  std::string out_stored(Order order, size_t i = 0);
  std::string out_real(Order order, size_t i = 0);
  // Output i is what `name` holds.
  void give_stored(Order order, const std::string& name, size_t i = 0) { form(node_->output(i)).stored[static_cast<int>(order)] = name; }
  void give_real(Order order, const std::string& name, size_t i = 0);
  bool has_stored(size_t i, Order order) const { return !forms_[node_->input(i).index].stored[static_cast<int>(order)].empty(); }

  std::string fresh(const std::string& hint);
  std::string constant(const Tensor& value, const std::string& hint);
  std::string ints(const std::vector<int64_t>& values);
  std::string scalar(float value);
  pb::NodeProto& op(const std::string& type, std::vector<std::string> in, std::vector<std::string> out, const std::string& domain = "");
  // Names of scale and zero point: of weights, of an activation.
  std::vector<std::string> params(const QuantParams& quant, DataType dtype);
  std::vector<std::string> params(ValueId value);
  std::vector<std::string> out_params() { return params(node_->output()); }
  // An operand of an operator in integers: its name and those two.
  std::vector<std::string> operand(size_t i, Order order);
  std::vector<std::string> operand(const Tensor& constant, const std::string& hint);
  // Weights or a bias as floats: behind a DequantizeLinear where they are quantised.
  std::string real_constant(const Tensor& value, const std::string& hint);
  // min(max(from, min), max) as `to`.
  void clamp(const std::string& from, const std::string& to, double min, double max);
  // Whether the node's clamp narrows what its output's type can hold.
  bool clamps() const;
  // Runs `emit(to)` and then the node's clamp, into output 0.
  template <typename Emit> void clamped(Order order, Emit&& emit);

 private:
  struct Form {
    std::string stored[2], exact[2];  // by Order; exact: floats that a QuantizeLinear is to store
  };
  Form& form(ValueId value) { return forms_[value.index]; }
  std::string stored_name(ValueId value, Order order);
  std::string real_name(ValueId value, Order order);
  DataType stored_dtype(ValueId value) const;
  std::vector<std::string> translate_all();
  void write_border(pb::ValueInfoProto& info, const std::string& name, const TensorType& type);
  std::string output_label(size_t i) const;
  pb::GraphProto& proto() { return *model_.mutable_graph(); }

  const Graph& graph_;
  ExportOptions options_;
  const Node* node_ = nullptr;
  std::vector<Form> forms_;
  // Activations are written as u8, the form that engines have kernels for, unless the model itself takes or gives i8.
  bool signed_ = false;
  std::map<std::string, int> taken_;
  pb::ModelProto model_;
  bool microsoft_ = false;
};

void set(pb::NodeProto& node, const std::string& name, int64_t value);
void set(pb::NodeProto& node, const std::string& name, double value);
void set(pb::NodeProto& node, const std::string& name, const std::string& value);
void set(pb::NodeProto& node, const std::string& name, const std::vector<int64_t>& values);
// A list or an axis of channels-last dimensions in the given order.
std::vector<int64_t> ordered(const std::vector<int64_t>& values, Order order);
int64_t ordered_axis(int64_t axis, int rank, Order order);
// [a, b, c, d] as [a, d, b, c].
Tensor channels_first(const Tensor& tensor);

template <typename Emit> void Exporter::clamped(Order order, Emit&& emit) {
  const std::string to = out_real(order);
  if (!clamps()) return emit(to);
  const std::string before = fresh(node_->name + "/linear");
  emit(before);
  clamp(before, to, node_->real("clamp_min", -std::numeric_limits<double>::infinity()), node_->real("clamp_max", std::numeric_limits<double>::infinity()));
}

namespace exports {
#define VERGE_EXPORT(op, translate) Result<void> translate(Exporter& e);
#include "formats/onnx/exports.inc"
#undef VERGE_EXPORT
}  // namespace exports

}  // namespace verge::formats::onnx
