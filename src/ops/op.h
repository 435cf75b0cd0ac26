// What every operator says of itself: arity, inference, cost, reference, quantisation rule, lowering. One folder a family, one line in ops.inc.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "ir/graph.h"
#include "ops/emitter.h"

namespace verge::ops {

// Types of the inputs (null: absent) and the constants among them (null: not constant). Fills one type for each output; a dimension or a shape that
// cannot be known yet stays unknown. An error says which input was what, and what was wanted; the caller adds the node.
struct InferContext {
  const Graph& graph;
  const Node& node;
  std::vector<TensorType>& out;

  bool has(size_t i) const { return node.input(i).valid(); }
  const TensorType& in(size_t i) const { return graph.type(node.input(i)); }
  const Tensor* constant(size_t i) const { return graph.constant(node.input(i)); }
};

struct Cost {
  int64_t macs = 0;         // multiply-accumulates
  int64_t operations = 0;   // other arithmetic, about one per element
  int64_t weight_bytes = 0;
  int64_t activation_bytes = 0;  // read and written
};

// Plain loops, sums in double: the judge of every kernel. Inputs are whole tensors (absent: dtype kNone); outputs come with type and shape and zeros.
// Quantised operators follow docs/integer.md exactly; the requantisation mode is the node's attribute "requant" ("tflm" is the default, or "onnx").
struct ReferenceContext {
  const Node& node;
  std::span<const Tensor> in;
  std::span<Tensor> out;
};

// How an operator takes part in quantisation.
struct QuantRule {
  enum class Kind : uint8_t {
    kNone,         // stays float
    kCompute,      // int8 in, int8 out, output range calibrated (conv, dense, add, mul, average of several inputs, ...)
    kPassThrough,  // output has the input's scale and zero point (max pool, reshape, transpose, pad, slice, gather, relu after fusion, ...)
    kSameScale,    // all inputs must get the output's scale (concat)
    kFixedOutput,  // output scale and zero point are given by the contract (softmax, logistic, tanh)
  };
  Kind kind = Kind::kNone;
  int weight_input = -1;   // constant input quantised symmetric int8 per channel ...
  int weight_axis = -1;    // ... along this axis
  int bias_input = -1;     // int32, scale = input scale * weight scale
  float fixed_scale = 0;   // kFixedOutput
  int32_t fixed_zero_point = 0;
};

struct OpMethods {
  Result<void> (*infer)(InferContext& context) = nullptr;
  Cost (*cost)(const Graph& graph, const Node& node) = nullptr;                      // null: one operation an output element
  Result<void> (*reference)(ReferenceContext& context) = nullptr;
  QuantRule (*quant)(const Graph& graph, const Node& node) = nullptr;                // null: kNone
  Result<void> (*lower)(const Node& node, Emitter& emitter) = nullptr;               // null: must be rewritten by a pass before lowering
};

struct OpDef {
  const char* name;
  int min_inputs;
  int max_inputs;  // -1: any number
  int outputs;     // -1: any number
  const char* family;
  const OpMethods* methods;
};

// VERGE_OP_METHODS(add) = {...}: the definition that the operator's line in ops.inc asks for.
#define VERGE_OP_METHODS(name)          \
  extern const OpMethods name##_methods; \
  const OpMethods name##_methods

// Null for an unknown name.
const OpDef* find_op(std::string_view name);
// All operators, in the order of ops.inc.
std::span<const OpDef> all_ops();

// Infers the output types of one node / of all nodes in order, checking arity. Quantisation parameters that a value already carries are kept.
// Also propagates constants' shapes. The error names the node.
Result<void> infer_node(Graph& graph, const Node& node);
Result<void> infer_types(Graph& graph);

// Runs the reference on constants or given inputs: the node's outputs.
Result<std::vector<Tensor>> run_reference(const Graph& graph, const Node& node, std::span<const Tensor> inputs);

// The whole graph through the reference: the judge for tests, constant folding and `validate`; never what a benchmark or accuracy figure uses.
// `inputs` in graph order; returns the graph's outputs. With `all`, every value's tensor by ValueId::index.
Result<std::vector<Tensor>> interpret(const Graph& graph, std::span<const Tensor> inputs, std::vector<Tensor>* all = nullptr);

Cost cost_of(const Graph& graph, const Node& node);

}  // namespace verge::ops
