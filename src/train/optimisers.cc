#include "train/optimisers.h"

namespace verge::train {
namespace {

std::vector<ValueId> fused(GraphNodes& n, const OptimizerOptions& o, const UpdateInputs& in, const std::string& name) {
  std::vector<ValueId> inputs = in.states;
  inputs.insert(inputs.end(), {in.gradient, in.schedule});
  if (in.scale.valid()) inputs.push_back(in.scale);
  const bool sgd = o.optimizer == Optimizer::kSgd;
  const Attrs attrs = sgd ? Attrs{{"momentum", o.momentum}, {"decay", in.decay}, {"nesterov", int64_t{o.nesterov}}}
                          : Attrs{{"beta1", o.beta1}, {"beta2", o.beta2}, {"epsilon", o.epsilon}, {o.optimizer == Optimizer::kAdamW ? "decoupled_decay" : "decay", in.decay}};
  return n.add_many(sgd ? "sgd" : "adam", inputs, attrs, name, in.states.size());
}

// One number of the schedule.
ValueId scheduled(GraphNodes& n, const UpdateInputs& in, int64_t i) {
  using Ints = std::vector<int64_t>;
  return n.add("slice", {in.schedule}, {{"starts", Ints{i}}, {"ends", Ints{i + 1}}, {"axes", Ints{0}}});
}

ValueId gradient_of(GraphNodes& n, const UpdateInputs& in) { return in.scale.valid() ? n.mul(in.gradient, in.scale) : in.gradient; }

ValueId moved(GraphNodes& n, const UpdateInputs& in, ValueId direction, const std::string& name) {
  return n.add("sub", {in.states[0], n.mul(direction, scheduled(n, in, 0))}, {}, name);
}

ValueId with_decay(GraphNodes& n, const UpdateInputs& in, ValueId direction) { return in.decay > 0 ? n.add("add", {direction, n.mul(in.states[0], in.decay)}) : direction; }

std::vector<ValueId> lion(GraphNodes& n, const OptimizerOptions& o, const UpdateInputs& in, const std::string& name) {
  const ValueId g = gradient_of(n, in), m = in.states[1];
  const ValueId direction = with_decay(n, in, n.add("sign", {n.blend(m, g, o.beta1)}));
  return {moved(n, in, direction, name), n.blend(m, g, o.beta2)};
}

// |w| / |r|, where either is 0: 1.
ValueId trust(GraphNodes& n, ValueId w, ValueId r) {
  const ValueId of_w = n.add("sqrt", {n.sum_of_squares(w)}), of_r = n.add("sqrt", {n.sum_of_squares(r)});
  const ValueId ratio = n.add("minimum", {n.add("div", {of_w, n.add("maximum", {of_r, n.number(1e-30)})}), n.number(10)});
  const ValueId some = n.add("sign", {n.add("minimum", {of_w, of_r})});
  return n.add("add", {n.mul(some, n.add("sub", {ratio, n.number(1)})), n.number(1)});
}

std::vector<ValueId> lamb(GraphNodes& n, const OptimizerOptions& o, const UpdateInputs& in, const std::string& name) {
  const ValueId g = gradient_of(n, in);
  const ValueId m = n.blend(in.states[1], g, o.beta1), v = n.blend(in.states[2], n.mul(g, g), o.beta2);
  const ValueId deviation = n.add("add", {n.mul(n.add("sqrt", {v}), scheduled(n, in, 2)), n.number(o.epsilon)});
  const ValueId r = with_decay(n, in, n.add("div", {n.mul(m, scheduled(n, in, 1)), deviation}));
  return {moved(n, in, n.mul(r, trust(n, in.states[0], r)), name), m, v};
}

}  // namespace

std::vector<std::string> state_names(Optimizer optimizer) {
  switch (optimizer) {
    case Optimizer::kSgd: return {"velocity"};
    case Optimizer::kLion: return {"m"};
    case Optimizer::kAdam:
    case Optimizer::kAdamW:
    case Optimizer::kLamb: break;
  }
  return {"m", "v"};
}

std::vector<ValueId> add_update(GraphNodes& n, const OptimizerOptions& o, const UpdateInputs& in, const std::string& name) {
  if (o.optimizer == Optimizer::kLion) return lion(n, o, in, name);
  if (o.optimizer == Optimizer::kLamb) return lamb(n, o, in, name);
  return fused(n, o, in, name);
}

}  // namespace verge::train
