// Steps of an optimiser; formulas in kernels/training/training_f32.h. The states are replaced where they lie.
//
//   sgd    (w, velocity, gradient, schedule[, scale]) -> w, velocity     attributes momentum, decay, nesterov
//   adam   (w, m, v, gradient, schedule[, scale]) -> w, m, v             attributes beta1, beta2, epsilon, decay, decoupled_decay
//
// schedule: [rate, 1 / (1 - beta1^t), 1 / sqrt(1 - beta2^t)]. scale: one number that the gradient is multiplied by.
#include "ops/update/update_attrs.h"

#include <cmath>

#include "ops/op.h"
#include "ops/quantized.h"

namespace verge::ops {
namespace {

size_t states_of(const Node& node) { return node.op == "sgd" ? 2 : 3; }

Result<void> infer(InferContext& c) {
  const size_t states = states_of(c.node);
  for (size_t i = 1; i <= states; ++i)
    if (c.in(i).is_static() && c.in(0).is_static() && c.in(i).shape() != c.in(0).shape())
      return invalid("input " + std::to_string(i) + " is " + c.in(i).text() + ", wants the parameter's " + c.in(0).text());
  if (c.in(states + 1).is_static() && c.in(states + 1).shape().count() != exec::kScheduleSize)
    return invalid("schedule is " + c.in(states + 1).text() + ", wants " + std::to_string(exec::kScheduleSize) + " numbers");
  for (size_t i = 0; i < states; ++i) c.out[i] = c.in(i);
  return done();
}

float number(const Node& node, const char* name, double otherwise) { return static_cast<float>(node.real(name, otherwise)); }

exec::SgdAttrs sgd_attrs(const Node& node) { return {number(node, "momentum", 0), number(node, "decay", 0), static_cast<int32_t>(node.integer("nesterov"))}; }

exec::AdamAttrs adam_attrs(const Node& node) {
  return {number(node, "beta1", 0.9), number(node, "beta2", 0.999), number(node, "epsilon", 1e-8), number(node, "decay", 0), number(node, "decoupled_decay", 0)};
}

Result<void> lower(const Node& node, Emitter& emitter) {
  std::vector<TensorRef> in, out;
  for (ValueId v : node.inputs) in.push_back(emitter.tensor(v));
  for (ValueId v : node.outputs) out.push_back(emitter.tensor(v));
  if (node.op == "sgd") emitter.emit(exec::Op::sgd_f32, in, out, sgd_attrs(node));
  else emitter.emit(exec::Op::adam_f32, in, out, adam_attrs(node));
  for (size_t i = 0; i < out.size(); ++i) emitter.replaces(in[i], out[i]);
  return done();
}

struct Inputs {
  std::vector<double> gradient;  // scaled
  std::vector<double> schedule;
};

Inputs inputs_of(const ReferenceContext& c) {
  const size_t states = states_of(c.node);
  Inputs in{c.in[states].to_doubles(), c.in[states + 1].to_doubles()};
  if (c.in.size() > states + 2 && c.in[states + 2].dtype() != DataType::kNone)
    for (double& g : in.gradient) g *= c.in[states + 2].at(0);
  return in;
}

Result<void> reference_sgd(ReferenceContext& c) {
  const exec::SgdAttrs a = sgd_attrs(c.node);
  const Inputs in = inputs_of(c);
  std::vector<double> w = c.in[0].to_doubles(), velocity = c.in[1].to_doubles();
  for (size_t i = 0; i < w.size(); ++i) {
    const double g = in.gradient[i] + double{a.decay} * w[i];
    velocity[i] = double{a.momentum} * velocity[i] + g;
    w[i] -= in.schedule[0] * (a.nesterov ? g + double{a.momentum} * velocity[i] : velocity[i]);
  }
  store(w, c.out[0]);
  store(velocity, c.out[1]);
  return done();
}

Result<void> reference_adam(ReferenceContext& c) {
  const exec::AdamAttrs a = adam_attrs(c.node);
  const Inputs in = inputs_of(c);
  std::vector<double> w = c.in[0].to_doubles(), m = c.in[1].to_doubles(), v = c.in[2].to_doubles();
  for (size_t i = 0; i < w.size(); ++i) {
    const double g = in.gradient[i] + double{a.decay} * w[i];
    m[i] = double{a.beta1} * m[i] + (1 - double{a.beta1}) * g;
    v[i] = double{a.beta2} * v[i] + (1 - double{a.beta2}) * g * g;
    w[i] -= in.schedule[0] * (m[i] * in.schedule[1] / (std::sqrt(v[i]) * in.schedule[2] + double{a.epsilon}) + double{a.decoupled_decay} * w[i]);
  }
  store(w, c.out[0]);
  store(m, c.out[1]);
  store(v, c.out[2]);
  return done();
}

}  // namespace

VERGE_OP_METHODS(sgd) = {.infer = infer, .reference = reference_sgd, .lower = lower};
VERGE_OP_METHODS(adam) = {.infer = infer, .reference = reference_adam, .lower = lower};

}  // namespace verge::ops
