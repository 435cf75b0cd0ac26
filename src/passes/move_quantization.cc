// Operators that only hand elements on work on integers: dequantize moves below them and quantize above, until the two meet and become one.
//
//   a = dequantize x             b = max_pool x            y = quantize b            y = max_pool x
//   b = max_pool a        ->     y = dequantize b          b = reshape x     ->      a = quantize x
//   out b                        out y                     (same for concat)         y = reshape a
//
//   a = dequantize x
//   y = quantize a        ->     y = requantize x {requant="onnx"}, or x where the types are equal
#include "ir/match.h"
#include "passes/quantized.h"
#include "passes/rules.h"

namespace verge::passes {
namespace {

// A value of `like`'s shape with the integers of `quantized`.
TensorType with_integers(const TensorType& like, const TensorType& quantized) {
  TensorType type = like;
  type.dtype = quantized.dtype;
  type.quant = quantized.quant;
  return type;
}

const Attrs kOnnxRequant{{"requant", std::string("onnx")}};

std::optional<Patch> sink(const Graph& g, const Node& n) {
  const ValueId q = moves_elements(n) && n.op != "concat" ? integer_source(g, n.input(0)) : ValueId();
  if (!q.valid() || g.constant(q)) return std::nullopt;
  Patch p(g);
  NewNode made{n.op, n.inputs, n.attrs, n.name, n.outputs.size(), {}};
  made.inputs[0] = q;
  const std::vector<ValueId> outputs = p.add_many(std::move(made));
  for (size_t i = 0; i < outputs.size(); ++i) {
    p.set_type(outputs[i], with_integers(g.type(n.outputs[i]), g.type(q)));
    p.replace(n.outputs[i], p.add("dequantize", {outputs[i]}, g.producer(n.input(0))->attrs));
  }
  return p;
}

std::optional<Patch> hoist(const Graph& g, const Node& n) {
  const Node* mover = exclusive_producer(g, n.input(0));
  const TensorType& y = g.type(n.output());
  if (!mover || !moves_elements(*mover) || !is_byte_tensor(y)) return std::nullopt;
  Patch p(g);
  std::vector<ValueId> inputs = mover->inputs;
  for (size_t i = 0; i < (mover->op == "concat" ? inputs.size() : 1); ++i) {
    const ValueId x = inputs[i];
    inputs[i] = p.add("quantize", {x}, n.attrs, n.name);
    p.set_type(inputs[i], with_integers(g.type(x), y));
  }
  p.replace(n.output(), p.add(mover->op, std::move(inputs), mover->attrs, mover->name));
  return p;
}

std::optional<Patch> merge(const Graph& g, const Node& n) {
  const ValueId q = integer_source(g, n.input(0)), y = n.output();
  if (!q.valid() || !is_byte_tensor(g.type(y))) return std::nullopt;
  const bool own_value_needed = g.is_output(y) && (g.is_output(q) || !g.producer(q));
  if (g.type(q) == g.type(y) && !own_value_needed) return Patch::replace(g, y, q);
  Patch p(g);
  p.replace(y, p.add("requantize", {q}, kOnnxRequant, n.name));
  return p;
}

}  // namespace

const Rule kSinkDequantize{"sink_dequantize", "", sink};
const Rule kHoistQuantize{"hoist_quantize", "quantize", hoist};
const Rule kMergeQuantize{"merge_quantize", "quantize", merge};

}  // namespace verge::passes
