#include "ops/recurrent/recurrent.h"

#include <cmath>

#include "kernels/elementwise/unary_f32.h"
#include "ops/shape_rules.h"
#include "ops/traffic.h"

namespace verge::ops {
namespace {

using exec::Cell;
using exec::GateFunction;

Cell cell_of(const Node& node) { return node.op == "lstm" ? Cell::kLstm : node.op == "gru" ? Cell::kGru : Cell::kRnn; }

Result<int64_t> directions_of(const Node& node) {
  const std::string direction = node.text("direction", "forward");
  if (direction != "forward" && direction != "reverse" && direction != "bidirectional") return invalid("direction is '" + direction + "'; it wants forward, reverse or bidirectional");
  return direction == "bidirectional" ? 2 : 1;
}

Result<void> need_dims(const InferContext& c, size_t i, const char* what, const std::vector<Dim>& want) {
  if (!c.has(i) || !c.in(i).ranked) return done();
  const TensorType wanted(c.in(i).dtype, want);
  const std::string text = std::string(what) + " is " + c.in(i).text() + ", wants " + wanted.text();
  if (c.in(i).rank() != wanted.rank()) return invalid(text);
  for (size_t d = 0; d < want.size(); ++d)
    if (want[d].known() && c.in(i).dims[d].known() && want[d].size != c.in(i).dims[d].size) return invalid(text);
  return done();
}

Dim times(const Dim& d, int64_t n) { return d.known() ? Dim(d.size * n) : Dim(); }

Result<void> infer(InferContext& c) {
  if (c.node.outputs.size() != (c.node.op == "lstm" ? 3u : 2u)) return invalid("has " + std::to_string(c.node.outputs.size()) + " outputs");
  VERGE_TRY(const int64_t directions, directions_of(c.node));
  for (TensorType& out : c.out) out.dtype = c.in(0).dtype;
  if (!c.in(0).ranked || !c.in(2).ranked) return done();
  VERGE_CHECK(need_dims(c, 0, "input", {Dim(), Dim(), Dim()}));
  VERGE_CHECK(need_dims(c, 2, "recurrent weights", {Dim(directions), Dim(), Dim()}));
  const int64_t gates = cell_of(c.node) == Cell::kLstm ? 4 : cell_of(c.node) == Cell::kGru ? 3 : 1;
  const bool batch_major = c.node.integer("batch_major") != 0;
  const Dim hidden = c.in(2).dims[2], time = c.in(0).dims[batch_major], batch = c.in(0).dims[!batch_major], inputs = c.in(0).dims[2];
  const std::vector<Dim> state = batch_major ? std::vector<Dim>{batch, directions, hidden} : std::vector<Dim>{directions, batch, hidden};
  VERGE_CHECK(need_dims(c, 1, "weights", {Dim(directions), times(hidden, gates), inputs}));
  VERGE_CHECK(need_dims(c, 2, "recurrent weights", {Dim(directions), times(hidden, gates), hidden}));
  VERGE_CHECK(need_dims(c, 3, "bias", {Dim(directions), times(hidden, 2 * gates)}));
  VERGE_CHECK(need_dims(c, 4, "lengths", {batch}));
  VERGE_CHECK(need_dims(c, 5, "initial state", state));
  VERGE_CHECK(need_dims(c, 6, "initial cell", state));
  VERGE_CHECK(need_dims(c, 7, "peepholes", {Dim(directions), times(hidden, 3)}));
  c.out[0] = TensorType(c.in(0).dtype, batch_major ? std::vector<Dim>{batch, time, directions, hidden} : std::vector<Dim>{time, directions, batch, hidden});
  for (size_t i = 1; i < c.out.size(); ++i) c.out[i] = TensorType(c.in(0).dtype, state);
  return done();
}

Cost cost(const Graph& graph, const Node& node) {
  const TensorType &x = graph.type(node.input(0)), &w = graph.type(node.input(1)), &r = graph.type(node.input(2));
  if (!x.is_static() || !w.is_static() || !r.is_static()) return {};
  Cost cost = traffic(graph, node);
  const int64_t rows = int64_t{x.shape()[0]} * x.shape()[1];
  cost.macs = rows * (w.shape().count() + r.shape().count());
  cost.operations = rows * 4 * w.shape().count(0, 2);
  return cost;
}

GateFunction gate(UnaryF32 function, double a = 0, double b = 0, double in_scale = 1, double out_scale = 1) {
  return {static_cast<uint32_t>(function), static_cast<float>(a), static_cast<float>(b), static_cast<float>(in_scale), static_cast<float>(out_scale)};
}

Result<GateFunction> gate_function(const std::string& name, double alpha, double beta) {
  if (name == "sigmoid") return gate(UnaryF32::kSigmoid);
  if (name == "tanh") return gate(UnaryF32::kTanh);
  if (name == "relu") return gate(UnaryF32::kRelu);
  if (name == "affine") return gate(UnaryF32::kAffine, alpha, beta);
  if (name == "leaky_relu") return gate(UnaryF32::kLeakyRelu, alpha);
  if (name == "thresholded_relu") return gate(UnaryF32::kThresholdedRelu, alpha);
  if (name == "scaled_tanh") return gate(UnaryF32::kTanh, 0, 0, beta, alpha);
  if (name == "hsigmoid") return gate(UnaryF32::kHsigmoid, alpha, beta);
  if (name == "elu") return gate(UnaryF32::kElu, alpha);
  if (name == "softsign") return gate(UnaryF32::kSoftsign);
  if (name == "softplus") return gate(UnaryF32::kSoftplus);
  return invalid("no activation '" + name + "'");
}

std::vector<std::string> default_functions(Cell cell) {
  if (cell == Cell::kRnn) return {"tanh"};
  return cell == Cell::kGru ? std::vector<std::string>{"sigmoid", "tanh"} : std::vector<std::string>{"sigmoid", "tanh", "tanh"};
}

Result<void> read_functions(const Node& node, exec::RecurrentAttrs& a) {
  const std::vector<std::string> defaults = default_functions(a.cell);
  std::vector<std::string> names(defaults);
  if (a.directions == 2) names.insert(names.end(), defaults.begin(), defaults.end());
  if (const auto it = node.attrs.find("activations"); it != node.attrs.end()) {
    const auto* given = std::get_if<std::vector<std::string>>(&it->second);
    if (!given || given->size() != names.size()) return invalid("it wants " + std::to_string(names.size()) + " activations");
    names = *given;
  }
  const auto parameters = [&](const char* name) {
    const auto it = node.attrs.find(name);
    std::vector<double> out = it == node.attrs.end() ? std::vector<double>() : std::get<std::vector<double>>(it->second);
    out.resize(names.size());
    return out;
  };
  const std::vector<double> alpha = parameters("activation_alpha"), beta = parameters("activation_beta");
  for (size_t i = 0; i < names.size(); ++i) {
    VERGE_TRY(a.functions[i / defaults.size()][i % defaults.size()], gate_function(names[i], alpha[i], beta[i]));
  }
  return done();
}

}  // namespace

Result<exec::RecurrentAttrs> recurrent_attrs(const Graph& graph, const Node& node) {
  const Shape x = graph.type(node.input(0)).shape(), r = graph.type(node.input(2)).shape();
  exec::RecurrentAttrs a;
  a.cell = cell_of(node);
  a.batch_major = node.integer("batch_major") != 0;
  a.steps = x[a.batch_major];
  a.batch = x[!a.batch_major];
  a.hidden = r[2];
  a.directions = r[0];
  a.reverse = node.text("direction") == "reverse";
  a.linear_before_reset = node.integer("linear_before_reset") != 0;
  a.input_forget = node.integer("input_forget") != 0;
  const auto limit = [&](const char* name) { return node.real(name) > 0 ? static_cast<float>(node.real(name)) : INFINITY; };
  a.clip = limit("clip");
  a.cell_clip = limit("cell_clip");
  VERGE_CHECK(read_functions(node, a));
  return a;
}

VERGE_OP_METHODS(rnn) = {.infer = infer, .cost = cost, .reference = reference_recurrent, .lower = lower_recurrent};
VERGE_OP_METHODS(gru) = {.infer = infer, .cost = cost, .reference = reference_recurrent, .lower = lower_recurrent};
VERGE_OP_METHODS(lstm) = {.infer = infer, .cost = cost, .reference = reference_recurrent, .lower = lower_recurrent};

}  // namespace verge::ops
