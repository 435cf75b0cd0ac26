// A Graph as a TFLite file (schema version 3), node by node; exports.inc lists what has a builtin.
#pragma once
#include <optional>

#include "formats/export.h"
#include "formats/tflite/model_builder.h"

namespace verge::formats::tflite {

Result<Bytes> export_graph(const Graph& graph, const ExportOptions& options);

// Builds the file. Translators see one node at a time and write tensors and operators.
class Exporter {
 public:
  using Builtin = schema::BuiltinOperator;
  using Activation = schema::ActivationFunctionType;

  Exporter(const Graph& graph, const ExportOptions& options) : graph_(graph), options_(options), tensor_of_(graph.value_count(), -1) {}
  Result<Bytes> run();

  const Graph& graph() const { return graph_; }
  const Node& node() const { return *node_; }
  const TensorType& type(ValueId value) const { return graph_.type(value); }
  const TensorType& in_type(size_t i = 0) const { return graph_.type(node_->input(i)); }
  const TensorType& out_type(size_t i = 0) const { return graph_.type(node_->output(i)); }
  const Tensor* constant_in(size_t i) const { return graph_.constant(node_->input(i)); }
  bool quantized() const { return out_type().quantized(); }

  // The tensor of input i or output i; -1 for an input that is absent.
  int in(size_t i = 0) { return node_->input(i).valid() ? tensor(node_->input(i)) : -1; }
  int out(size_t i = 0) { return tensor(node_->output(i)); }
  int tensor(ValueId value);
  int constant(const Tensor& value, const std::string& name);
  int ints(const std::vector<int64_t>& values);
  // A tensor between two operators of this node.
  int temporary(const TensorType& type);

  template <typename Options> void op(Builtin builtin, std::vector<int32_t> in, std::vector<int32_t> out, const Options& options) {
    builder_.op(builtin, std::move(in), std::move(out), options, version(builtin));
  }
  void op(Builtin builtin, std::vector<int32_t> in, std::vector<int32_t> out) { builder_.op(builtin, std::move(in), std::move(out), version(builtin)); }

  // The fused activation that says the node's clamp, or nothing where one has to follow as an operator of its own (`clamped`).
  std::optional<Activation> activation() const;
  // Where an operator with this activation writes: the output, or a tensor that the clamp after it reads.
  int before_clamp(std::optional<Activation> fused) { return fused ? out() : temporary(out_type()); }
  void reshape(int from, int to);
  void clamp(int from, int to, double min, double max);
  void finish_clamp(std::optional<Activation> fused, int from);

 private:
  static int version(Builtin builtin);
  // What stands in the way, a line a node; empty: nothing.
  std::vector<std::string> translate_all();
  std::vector<int32_t> borders(const std::vector<ValueId>& values);
  bool int8_border(const Node& node) const;
  int widened(const Tensor& value, const std::string& name);

  const Graph& graph_;
  ExportOptions options_;
  ModelBuilder builder_;
  const Node* node_ = nullptr;
  std::vector<int> tensor_of_;
};

namespace exports {
#define VERGE_EXPORT(op, translate) Result<void> translate(Exporter& e);
#include "formats/tflite/exports.inc"
#undef VERGE_EXPORT
}  // namespace exports

}  // namespace verge::formats::tflite
