#include "train/training_graph.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "core/text.h"
#include "ops/op.h"
#include "ops/quantized.h"
#include "train/gradient.h"
#include "train/graph_copy.h"

namespace verge::train {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Inputs of an operator that are parameters when they are constant.
std::vector<size_t> parameter_inputs(const Node& node) {
  if (node.op == "conv" || node.op == "dense") return {1, 2};
  if (node.op == "batch_norm") return {1, 2, 3, 4};
  if (node.op == "matmul" || node.op == "prelu") return {1};
  if (node.op == "add" || node.op == "sub" || node.op == "mul") return {0, 1};
  return {};
}

bool is_weight(const Node& node, size_t input) { return (node.op == "conv" || node.op == "dense" || node.op == "matmul") && input == 1; }
bool is_statistic(const Node& node, size_t input) { return node.op == "batch_norm" && input >= 3; }

// The bounds of an activation that a clamp is: relu, clamp.
bool as_clamp(const Node& node, double* low, double* high) {
  if (node.op != "relu" && node.op != "clamp") return false;
  *low = node.op == "relu" ? 0 : node.real("min", -kInfinity);
  *high = node.op == "relu" ? kInfinity : node.real("max", kInfinity);
  return true;
}

bool takes_clamp(const Node& node) {
  const ops::RealClamp clamp = ops::real_clamp(node);
  return std::isinf(clamp.min) && std::isinf(clamp.max) && (node.op == "batch_norm_train" || node.op == "add" || node.op == "conv" || node.op == "dense");
}

class Maker {
 public:
  Maker(const Graph& network, const TrainingOptions& options) : network_(network), o_(options), readers_(network.all_users()), head_(head()) {}

  Result<TrainingGraph> run() {
    if (network_.inputs().size() != 1 || network_.outputs().size() != 1)
      return unsupported("the network has " + std::to_string(network_.inputs().size()) + " inputs and " + std::to_string(network_.outputs().size()) + " outputs; training takes one of each");
    VERGE_CHECK(add_input());
    for (NodeId id : network_.order()) VERGE_CHECK(copy(network_.node(id)));
    const ValueId y = map_[network_.outputs()[0].index];
    VERGE_TRY(const ValueId loss, add_loss(map_[logits_of(network_.outputs()[0]).index]));
    if (trained_.empty()) return invalid("nothing to train: the network has no parameters" + std::string(o_.frozen.empty() ? "" : " that are not frozen"));
    schedule_ = graph().add_input("schedule", TensorType(DataType::kF32, Shape{3}));
    VERGE_CHECK(add_updates(loss));
    graph().add_output(loss, "loss");
    graph().add_output(y, "output");
    for (const StateBinding& s : out_.states)
      if (s.next.valid()) graph().add_output(s.next, "next." + graph().value(s.value).name);
    return std::move(out_);
  }

 private:
  Graph& graph() { return out_.graph; }

  // Appends a node; the first error stays.
  std::vector<ValueId> add_many(const std::string& op, std::vector<ValueId> inputs, Attrs attrs, const std::string& name, size_t outputs) {
    const NodeId id = graph().add_node({op, std::move(inputs), std::move(attrs), name, outputs, {}});
    if (error_.ok()) error_ = ops::infer_node(graph(), graph().node(id));
    return graph().node(id).outputs;
  }
  ValueId add(const std::string& op, std::vector<ValueId> inputs, Attrs attrs = {}, const std::string& name = "") {
    return add_many(op, std::move(inputs), std::move(attrs), name.empty() ? op : name, 1)[0];
  }
  ValueId number(double value) { return graph().add_constant(Tensor::scalar(static_cast<float>(value))); }

  Result<void> add_input() {
    const ValueId in = network_.inputs()[0];
    TensorType type = network_.type(in);
    if (type.dtype != DataType::kF32 || !type.ranked || type.dims.empty()) return unsupported("the network's input is " + type.text() + "; training takes f32");
    type.dims[0] = o_.batch;
    if (!type.is_static()) return unsupported("the network's input is " + type.text() + ": only the batch may be open");
    if (o_.input.bytes) type.dtype = DataType::kU8;
    samples_ = graph().add_input(network_.value(in).name, type);
    VERGE_TRY(input_, normalised(o_.input));
    map_[in.index] = rounded(in, input_);
    return error_;
  }

  // The samples as a network takes them.
  Result<ValueId> normalised(const InputOptions& input) {
    if (!o_.input.bytes) return samples_;
    const int64_t channels = graph().type(samples_).dims.back().size;
    const auto row = [&](std::vector<float> values) -> Result<ValueId> {
      if (values.size() != 1 && static_cast<int64_t>(values.size()) != channels)
        return invalid("mean and std have " + std::to_string(values.size()) + " numbers, the input has " + std::to_string(channels) + " channels");
      return graph().add_constant(Tensor::of({static_cast<int32_t>(values.size())}, values));
    };
    std::vector<float> scale = input.std;
    for (float& s : scale) s = 1 / s;
    VERGE_TRY(const ValueId mean, row(input.mean));
    VERGE_TRY(const ValueId factor, row(scale));
    return add("mul", {add("sub", {add("cast", {samples_}, {{"to", std::string("f32")}}), mean}), factor}, {}, "normalise");
  }

  bool is_frozen(const std::string& name) const {
    return starts_with(name, "fixed.") || std::any_of(o_.frozen.begin(), o_.frozen.end(), [&](const std::string& prefix) { return starts_with(name, prefix); });
  }

  // A constant of the network as a mutable tensor; known by its constant, so that what is shared stays shared.
  ValueId parameter(ValueId constant, const std::string& name, bool statistic, bool weight) {
    if (const auto it = map_.find(constant.index); it != map_.end()) return it->second;
    const Tensor& initial = *network_.constant(constant);
    const ValueId value = graph().add_input(name, TensorType(initial.dtype(), initial.shape()));
    out_.parameters.push_back({constant, out_.states.size(), -1, weight, -1, name});
    out_.states.push_back({value, {}, initial});
    state_of_[value.index] = out_.parameters.size() - 1;
    if (!statistic) trained_.push_back(value);
    if (weight) weights_.push_back(value);
    return map_[constant.index] = value;
  }

  // Offsets of convolutions, dense layers and batch normalisation.
  static bool is_bias(const Node& node, size_t input) { return input == 2 && (node.op == "conv" || node.op == "dense" || node.op == "batch_norm"); }

  bool is_chosen(const Node& node, size_t input, const std::string& name) const {
    if (!o_.trained_constants.empty() && o_.trained_constants.count(node.input(input).index) == 0) return false;
    if (o_.trained.empty()) return true;
    return std::any_of(o_.trained.begin(), o_.trained.end(), [&](const std::string& what) {
      if (what == "biases") return is_bias(node, input);
      if (what == "norms") return node.op == "batch_norm" && input < 3;
      if (what == "head") return node.id == head_;
      return starts_with(name, what);
    });
  }

  // The last layer with weights.
  NodeId head() const {
    NodeId last;
    for (NodeId id : network_.order())
      if (network_.node(id).op == "dense" || network_.node(id).op == "conv") last = id;
    return last;
  }

  bool all_learn() const { return o_.trained.empty() && o_.trained_constants.empty(); }

  bool trains(const Node& node, size_t input) const {
    const std::vector<size_t> candidates = parameter_inputs(node);
    const Tensor* constant = network_.constant(node.input(input));
    if (!constant || constant->dtype() != DataType::kF32 || std::find(candidates.begin(), candidates.end(), input) == candidates.end()) return false;
    const bool pointwise = node.op == "add" || node.op == "sub" || node.op == "mul";
    const std::string name = parameter_name(node, input);
    return !(pointwise && constant->count() == 1) && !is_frozen(name) && is_chosen(node, input, name);
  }

  std::string parameter_name(const Node& node, size_t input) const {
    const std::string& given = network_.value(node.input(input)).name;
    return given.empty() ? node.name + "." + std::to_string(input) : given;
  }

  Result<void> copy(const Node& node) {
    std::vector<ValueId> inputs;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const ValueId v = node.input(i);
      if (!v.valid()) inputs.emplace_back();
      else if (trains(node, i)) inputs.push_back(rounded(v, parameter(v, parameter_name(node, i), is_statistic(node, i), is_weight(node, i))));
      else if (const Tensor* constant = network_.constant(v)) inputs.push_back(map_.count(v.index) ? map_[v.index] : map_[v.index] = graph().add_constant(*constant, network_.value(v).name));
      else inputs.push_back(map_.at(v.index));
    }
    if (fuse_clamp(node, inputs[0])) return done();
    if (node.op == "batch_norm" && trains(node, 3)) VERGE_CHECK(copy_batch_norm(node, inputs));
    else {
      const std::vector<ValueId> made = add_many(node.op, inputs, node.attrs, node.name, node.outputs.size());
      for (size_t i = 0; i < made.size(); ++i) map_[node.outputs[i].index] = rounded(node.outputs[i], made[i]);
    }
    if (!error_.ok()) return error_;
    return done();
  }

  ValueId step_of(const Rounding& r) {
    if (r.fixed) return graph().add_constant(*network_.constant(r.scale));
    return add("exp", {all_learn() ? parameter(r.scale, network_.value(r.scale).name, false, false) : graph().add_constant(*network_.constant(r.scale))});
  }

  // What stands for the network's value `of`, rounded where the options say so.
  ValueId rounded(ValueId of, ValueId x) {
    const auto found = o_.rounding.find(of.index);
    if (found == o_.rounding.end() || !error_.ok()) return x;
    const Rounding& r = found->second;
    const ValueId scale = step_of(r);
    const ValueId steps = add("round", {add("clamp", {add("div", {x, scale})}, {{"min", r.low}, {"max", r.high}})}, {{"straight_through", int64_t{1}}});
    return add("mul", {steps, scale});
  }

  Result<void> copy_batch_norm(const Node& node, const std::vector<ValueId>& inputs) {
    const int rank = graph().type(inputs[0]).rank();
    const int64_t axis = node.integer("axis", 1);
    if ((axis < 0 ? axis + rank : axis) != rank - 1) return unsupported(describe(node) + ": normalises axis " + std::to_string(axis) + "; training wants channels last");
    const std::vector<ValueId> made =
        add_many("batch_norm_train", inputs, {{"epsilon", node.real("epsilon", 1e-5)}, {"momentum", o_.norm_momentum}}, node.name, 5);
    for (size_t i : {size_t{3}, size_t{4}}) out_.states[out_.parameters[state_of_.at(inputs[i].index)].state].next = made[i];
    map_[node.output().index] = made[0];
    return done();
  }

  // An activation becomes the clamp of what it reads, when nobody else reads that.
  bool fuse_clamp(const Node& node, ValueId x) {
    double low, high;
    if (!as_clamp(node, &low, &high) || o_.rounding.count(node.input(0).index)) return false;
    const Node* from = graph().producer(x);
    if (!from || !takes_clamp(*from) || readers_[node.input(0).index].size() != 1 || network_.is_output(node.input(0))) return false;
    Node& target = graph().node(from->id);
    if (!std::isinf(low)) target.attrs["clamp_min"] = low;
    if (!std::isinf(high)) target.attrs["clamp_max"] = high;
    map_[node.output().index] = rounded(node.output(), x);
    return true;
  }

  // A cross-entropy has a softmax of its own: it reads what the network's last one does.
  ValueId logits_of(ValueId output) const { return o_.loss == Loss::kCrossEntropy ? before_softmax(network_, output) : output; }
  static ValueId before_softmax(const Graph& network, ValueId output) {
    const Node* last = network.producer(output);
    return last && last->op == "softmax" ? last->inputs[0] : output;
  }

  Result<ValueId> add_loss(ValueId y) {
    const TensorType type = graph().type(y);
    const ValueId target = o_.reconstruct ? input_ : graph().add_input("target", type);
    ValueId loss;
    switch (o_.loss) {
      case Loss::kCrossEntropy: loss = cross_entropy(y, target, "loss"); break;
      case Loss::kMse:  // the square's slope is one product
        loss = add("mul", {add("reduce_sum_square", {add("sub", {y, target})}, {{"keepdims", int64_t{0}}}), number(1 / static_cast<double>(type.shape().count()))}, {}, "loss");
        break;
      case Loss::kBinaryCrossEntropy: loss = mean(add("sub", {add("softplus", {y}), add("mul", {y, target})})); break;
      case Loss::kHuber: {  // q (|d| - q / 2), q = min(|d|, 1)
        const ValueId d = add("abs", {add("sub", {y, target})}), q = add("clamp", {d}, {{"min", 0.0}, {"max", 1.0}});
        loss = mean(add("mul", {q, add("sub", {d, add("mul", {q, number(0.5)})})}));
      }
    }
    if (!error_.ok()) return Error(error_.error()).within("the loss on an output " + type.text());
    return o_.teacher.network ? add_teacher(y, loss) : Result<ValueId>(loss);
  }
  ValueId cross_entropy(ValueId y, ValueId target, const std::string& name) { return add_many("cross_entropy", {y, target}, {}, name, 2)[0]; }

  Result<ValueId> add_teacher(ValueId y, ValueId hard) {
    const Teacher& t = o_.teacher;
    std::map<uint32_t, ValueId> map;
    VERGE_TRY(map[t.network->inputs()[0].index], normalised(t.input));
    const size_t nodes = graph().order().size();
    append_nodes(*t.network, graph(), map);
    const std::vector<NodeId> order = graph().order();
    for (size_t i = nodes; i < order.size(); ++i) VERGE_CHECK(ops::infer_node(graph(), graph().node(order[i])), "the teacher");
    ValueId answers = map.at(before_softmax(*t.network, t.network->outputs()[0]).index);
    if (!t.classes.empty()) answers = add("gather", {answers, graph().add_constant(Tensor::of<int64_t>({static_cast<int32_t>(t.classes.size())}, t.classes))}, {{"axis", int64_t{-1}}});
    if (graph().type(answers).text() != graph().type(y).text())
      return invalid("the teacher's output is " + graph().type(answers).text() + ", the network's " + graph().type(y).text() + ": they must know the same classes");
    const ValueId softer = number(1 / t.temperature);
    const ValueId soft = cross_entropy(add("mul", {y, softer}), add("softmax", {add("mul", {answers, softer})}, {{"axis", int64_t{-1}}}), "distillation");
    const ValueId loss = add("add", {add("mul", {hard, number(1 - t.weight)}), add("mul", {soft, number(t.weight * t.temperature * t.temperature)})});
    VERGE_CHECK(error_, "the teacher's loss");
    return loss;
  }
  ValueId mean(ValueId v) { return add("reduce_mean", {v}, {{"keepdims", int64_t{0}}}, "loss"); }

  Result<void> add_updates(ValueId loss) {
    if (o_.clip_norm <= 0)
      return add_gradient(graph(), loss, trained_, [&](Graph&, ValueId w, ValueId gradient) { return add_update(w, gradient, {}); });
    VERGE_TRY(const std::vector<ValueId> gradients, gradient(graph(), loss, trained_));
    ValueId sum;
    for (ValueId g : gradients) {
      const ValueId squares = add("reduce_sum_square", {g}, {{"keepdims", int64_t{0}}});
      sum = sum.valid() ? add("add", {sum, squares}) : squares;
    }
    const ValueId scale = add("minimum", {add("div", {number(o_.clip_norm), add("add", {add("sqrt", {sum}), number(1e-6)})}), number(1)}, {}, "clip");
    for (size_t i = 0; i < trained_.size(); ++i) VERGE_CHECK(add_update(trained_[i], gradients[i], scale));
    return done();
  }

  ValueId zero_state(const std::string& name, const Shape& shape) {
    const ValueId value = graph().add_input(name, TensorType(DataType::kF32, shape));
    out_.states.push_back({value, {}, Tensor(DataType::kF32, shape)});
    return value;
  }

  Result<void> add_update(ValueId w, ValueId gradient, ValueId scale) {
    const std::string name = graph().value(w).name;
    const Shape shape = graph().type(w).shape();
    const double decay = std::find(weights_.begin(), weights_.end(), w) != weights_.end() ? o_.decay : 0;
    const bool sgd = o_.optimizer == Optimizer::kSgd;
    std::vector<ValueId> in = {w, zero_state(name + (sgd ? ".velocity" : ".m"), shape)};
    if (!sgd) in.push_back(zero_state(name + ".v", shape));
    const size_t states = in.size();
    in.insert(in.end(), {gradient, schedule_});
    if (scale.valid()) in.push_back(scale);
    const Attrs attrs = sgd ? Attrs{{"momentum", o_.momentum}, {"decay", decay}, {"nesterov", int64_t{o_.nesterov}}}
                            : Attrs{{"beta1", o_.beta1}, {"beta2", o_.beta2}, {"epsilon", o_.epsilon}, {o_.optimizer == Optimizer::kAdamW ? "decoupled_decay" : "decay", decay}};
    const std::vector<ValueId> next = add_many(sgd ? "sgd" : "adam", in, attrs, name + ".update", states);
    Parameter& parameter = out_.parameters[state_of_.at(w.index)];
    out_.states[parameter.state].next = next[0];
    parameter.moments = static_cast<int>(out_.states.size() - states + 1);
    for (size_t i = 1; i < states; ++i) out_.states[out_.states.size() - states + i].next = next[i];
    if (o_.ema > 0) add_average(parameter, name, next[0]);
    return error_;
  }

  // average += (1 - ema) * (w - average)
  void add_average(Parameter& parameter, const std::string& name, ValueId w) {
    const Tensor initial = out_.states[parameter.state].initial;
    const ValueId average = graph().add_input(name + ".average", TensorType(DataType::kF32, initial.shape()));
    parameter.average = static_cast<int>(out_.states.size());
    const ValueId next = add("add", {average, add("mul", {add("sub", {w, average}), number(1 - o_.ema)})});
    out_.states.push_back({average, next, initial});
  }

  const Graph& network_;
  const TrainingOptions& o_;
  const std::vector<std::vector<NodeId>> readers_;
  const NodeId head_;
  TrainingGraph out_;
  std::map<uint32_t, ValueId> map_;        // the network's values to the training graph's
  std::map<uint32_t, size_t> state_of_;    // a parameter's value to its index in out_.parameters
  std::vector<ValueId> trained_, weights_;
  ValueId samples_, input_, schedule_;
  Result<void> error_;
};

}  // namespace

Result<TrainingGraph> make_training_graph(const Graph& network, const TrainingOptions& options) { return Maker(network, options).run(); }

Result<void> set_batch(Graph& graph, int64_t batch) {
  const ValueId in = graph.inputs()[0];
  if (graph.type(in).dims.empty()) return unsupported("the input '" + graph.value(in).name + "' has no batch dimension");
  const Dim old = graph.type(in).dims[0];
  for (NodeId id : graph.order()) {
    Node& node = graph.node(id);
    if (node.op != "reshape" || !graph.type(node.input(0)).ranked || graph.type(node.input(0)).dims.empty()) continue;
    std::vector<int64_t> shape = node.integers("shape");
    if (old.known() && !shape.empty() && shape[0] == old.size && graph.type(node.input(0)).dims[0] == old) shape[0] = 0, node.attrs["shape"] = shape;
  }
  for (uint32_t i = 0; i < graph.value_count(); ++i) {
    Value& v = graph.value(ValueId{i});
    if (!v.constant && !graph.is_input(v.id)) v.type.dims.clear(), v.type.ranked = false;
  }
  graph.value(in).type.dims[0] = batch;
  return ops::infer_types(graph);
}

}  // namespace verge::train
