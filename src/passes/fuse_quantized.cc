// An operator between dequantize and quantize computes in integers and requantises as ONNX means it. Which operators can, and where their weights and bias are,
// their quantisation rule says; a float bias becomes i32 with scale = input scale * weight scale.
//
//   a = dequantize x
//   k = dequantize w
//   b = conv a k c
//   y = quantize b     ->   y = conv x w c' {requant="onnx"}
//   out y                   out y
//
// Functions with an output range fixed by the integer contract (softmax, sigmoid, tanh) stay float in between.
#include <cmath>

#include "ir/match.h"
#include "ops/op.h"
#include "passes/fused.h"
#include "passes/quantized.h"
#include "passes/rules.h"

namespace verge::passes {
namespace {

using Kind = ops::QuantRule::Kind;

// Integers with scale sx * sw[c] nearest to `reals`.
Tensor integer_bias(const std::vector<double>& reals, const QuantParams& x, const QuantParams& w) {
  Tensor out(DataType::kI32, {static_cast<int32_t>(reals.size())});
  QuantParams quant;
  for (size_t c = 0; c < reals.size(); ++c) {
    const double scale = static_cast<double>(x.scale[0]) * w.scale[w.per_channel() ? c : 0];
    const double q = scale > 0 ? std::nearbyint(reals[c] / scale) : 0;
    out.mut<int32_t>()[c] = static_cast<int32_t>(std::min(std::max(q, -2147483648.0), 2147483647.0));
    if (c == 0 || w.per_channel()) quant.scale.push_back(static_cast<float>(scale));
  }
  quant.zero_point.assign(quant.scale.size(), 0);
  quant.axis = w.per_channel() ? 0 : -1;
  out.set_quant(std::move(quant));
  return out;
}

std::optional<std::vector<double>> real_bias(const Graph& g, ValueId bias) {
  if (const Tensor* c = g.constant(bias); c && is_float(c->dtype())) return c->to_doubles();
  const Node* from = g.producer(bias);
  const Tensor* q = from && from->op == "dequantize" ? g.constant(from->input(0)) : nullptr;
  if (!q || q->shape().rank != 1) return std::nullopt;
  const QuantParams& quant = g.type(from->input(0)).quant;
  std::vector<double> out = q->to_doubles();
  for (size_t c = 0; c < out.size(); ++c) {
    const size_t i = quant.per_channel() ? c : 0;
    out[c] = static_cast<double>(quant.scale[i]) * (out[c] - (quant.zero_point.empty() ? 0 : quant.zero_point[i]));
  }
  return out;
}

// The node's inputs as integers; none where one of them is not to be had so.
std::optional<std::vector<ValueId>> integer_inputs(const Graph& g, const Node& n, const ops::QuantRule& rule, Patch& p) {
  std::vector<ValueId> in = n.inputs;
  for (int i = 0; i < static_cast<int>(in.size()); ++i) {
    if (i == rule.bias_input || !in[i].valid()) continue;
    in[i] = i == rule.weight_input ? integer_weights(g, in[i], rule.weight_axis) : integer_source(g, in[i]);
    if (!in[i].valid()) return std::nullopt;
  }
  const ValueId bias = rule.bias_input >= 0 ? n.input(static_cast<size_t>(rule.bias_input)) : ValueId();
  if (!bias.valid()) return in;
  const auto reals = real_bias(g, bias);
  if (!reals) return std::nullopt;
  const QuantParams &x = g.type(in[0]).quant, &w = g.type(in[static_cast<size_t>(rule.weight_input)]).quant;
  const Node* from = g.producer(bias);
  in[static_cast<size_t>(rule.bias_input)] = p.constant(integer_bias(*reals, x, w), g.value(from ? from->input(0) : bias).name);
  return in;
}

bool computes(const Graph& g, const Node& n, const ops::QuantRule& rule, const TensorType& y) {
  if (rule.kind == Kind::kCompute) return true;
  if (rule.kind != Kind::kPassThrough) return false;
  const ValueId x = integer_source(g, n.input(0));
  return x.valid() && (n.op == "avg_pool" || (g.type(x).quant == y.quant && g.type(x).dtype == y.dtype));
}

std::optional<Patch> propose(const Graph& g, const Node& n) {
  const TensorType& y = g.type(n.output());
  const Node* op = exclusive_producer(g, n.input(0));
  const ops::OpDef* def = op ? ops::find_op(op->op) : nullptr;
  if (!def || !def->methods->quant || !is_byte_tensor(y)) return std::nullopt;
  const ops::QuantRule rule = def->methods->quant(g, *op);
  if (!computes(g, *op, rule, y)) return std::nullopt;
  Patch p(g);
  const auto inputs = integer_inputs(g, *op, rule, p);
  if (!inputs) return std::nullopt;
  Attrs attrs = fused_attrs(*op, {});
  attrs["requant"] = std::string("onnx");
  p.replace(n.output(), p.add(op->op, *inputs, std::move(attrs), op->name));
  return p;
}

}  // namespace

const Rule kFuseQuantized{"fuse_quantized", "quantize", propose};

}  // namespace verge::passes
