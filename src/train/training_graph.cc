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
#include "train/random.h"

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
  Maker(const Graph& network, const TrainingOptions& options) : network_(network), o_(options), readers_(network.all_users()), head_(head()), n_(out_.graph) {}

  Result<TrainingGraph> run() {
    if (network_.inputs().size() != 1 || network_.outputs().size() != 1)
      return unsupported("the network has " + std::to_string(network_.inputs().size()) + " inputs and " + std::to_string(network_.outputs().size()) + " outputs; training takes one of each");
    VERGE_CHECK(add_input());
    for (NodeId id : network_.order()) VERGE_CHECK(copy(network_.node(id)));
    const ValueId y = map_[network_.outputs()[0].index];
    VERGE_TRY(const ValueId loss, make_loss(map_[logits_of(network_.outputs()[0]).index]));
    if (trained_.empty()) return invalid("nothing to train: the network has no parameters" + std::string(o_.frozen.empty() ? "" : " that are not frozen"));
    if (o_.accumulate > 1) add_phase();
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

  ValueId add(const std::string& op, std::vector<ValueId> inputs, Attrs attrs = {}, const std::string& name = "") { return n_.add(op, std::move(inputs), std::move(attrs), name); }

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
    return n_.error();
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
    parameter_of_[value.index] = out_.parameters.size();
    state_of_[value.index] = out_.states.size();
    out_.parameters.push_back({constant, out_.states.size(), -1, weight, -1, name});
    out_.states.push_back({value, {}, initial});
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
    if (o_.adapters.rank > 0 && o_.trained.empty()) return false;
    return !(pointwise && constant->count() == 1) && !is_frozen(name) && is_chosen(node, input, name);
  }

  bool adapts(const Node& node, size_t input) const {
    const Tensor* constant = network_.constant(node.input(input));
    return o_.adapters.rank > 0 && is_weight(node, input) && node.op != "matmul" && constant && constant->dtype() == DataType::kF32 && !is_frozen(parameter_name(node, input));
  }

  ValueId adapted(ValueId constant, const std::string& name) {
    if (const auto it = map_.find(constant.index); it != map_.end()) return it->second;
    const Tensor& w = *network_.constant(constant);
    const auto outputs = static_cast<int32_t>(w.shape()[0]), inputs = static_cast<int32_t>(w.count() / outputs), rank = static_cast<int32_t>(o_.adapters.rank);
    Tensor right(DataType::kF32, {rank, inputs});
    Random random({o_.seed, kAdapters, out_.adapters.size()});
    for (float& v : right.mut<float>()) v = static_cast<float>(random.normal() / std::sqrt(static_cast<double>(inputs)));
    out_.adapters.push_back({constant, out_.states.size(), out_.states.size() + 1, o_.adapters.scale});
    const ValueId left = trained_state(name + ".left", Tensor(DataType::kF32, {outputs, rank})), more = trained_state(name + ".right", right);
    const Shape shape = w.shape();
    const ValueId change = add("reshape", {add("matmul", {left, more})}, {{"shape", std::vector<int64_t>(shape.dim, shape.dim + shape.rank)}});
    return map_[constant.index] = add("add", {graph().add_constant(w, network_.value(constant).name), n_.mul(change, o_.adapters.scale)}, {}, name + ".adapted");
  }

  // Learns, but is no constant of the network.
  ValueId trained_state(const std::string& name, const Tensor& initial) {
    const ValueId value = graph().add_input(name, TensorType(initial.dtype(), initial.shape()));
    state_of_[value.index] = out_.states.size();
    out_.states.push_back({value, {}, initial});
    trained_.push_back(value);
    return value;
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
      else if (adapts(node, i) && !trains(node, i)) inputs.push_back(rounded(v, adapted(v, parameter_name(node, i))));
      else if (trains(node, i)) inputs.push_back(rounded(v, parameter(v, parameter_name(node, i), is_statistic(node, i), is_weight(node, i))));
      else if (const Tensor* constant = network_.constant(v)) inputs.push_back(map_.count(v.index) ? map_[v.index] : map_[v.index] = graph().add_constant(*constant, network_.value(v).name));
      else inputs.push_back(map_.at(v.index));
    }
    if (fuse_clamp(node, inputs[0])) return done();
    if (node.id == head_ && o_.dropout > 0) inputs[0] = dropped(inputs[0]);
    if (node.op == "batch_norm" && trains(node, 3)) VERGE_CHECK(copy_batch_norm(node, inputs));
    else if (node.op == "batch_norm" && is_last_axis(node, inputs[0])) normalise_by_statistics(node, inputs);
    else {
      const std::vector<ValueId> made = n_.add_many(node.op, inputs, node.attrs, node.name, node.outputs.size());
      for (size_t i = 0; i < made.size(); ++i) map_[node.outputs[i].index] = rounded(node.outputs[i], made[i]);
    }
    return n_.error();
  }

  ValueId step_of(const Rounding& r) {
    if (r.fixed) return graph().add_constant(*network_.constant(r.scale));
    return add("exp", {all_learn() ? parameter(r.scale, network_.value(r.scale).name, false, false) : graph().add_constant(*network_.constant(r.scale))});
  }

  // What stands for the network's value `of`, rounded where the options say so.
  ValueId rounded(ValueId of, ValueId x) {
    const auto found = o_.rounding.find(of.index);
    if (found == o_.rounding.end() || !n_.error().ok()) return x;
    const Rounding& r = found->second;
    const ValueId scale = step_of(r);
    if (r.binary) return n_.mul(binary_steps(add("div", {x, scale})), scale);
    const ValueId steps = add("round", {add("clamp", {add("div", {x, scale})}, {{"min", r.low}, {"max", r.high}})}, {{"straight_through", int64_t{1}}});
    return n_.mul(steps, scale);
  }

  // -1 or 1; its slope is taken as a third, as far as three scales.
  ValueId binary_steps(ValueId x) {
    constexpr double kReach = 3;
    const ValueId share = n_.mul(add("add", {add("clamp", {x}, {{"min", -kReach}, {"max", kReach}}), n_.number(kReach)}), 1 / (2 * kReach));
    return add("sub", {n_.mul(add("round", {share}, {{"straight_through", int64_t{1}}}), 2), n_.number(1)});
  }

  Result<void> copy_batch_norm(const Node& node, const std::vector<ValueId>& inputs) {
    if (!is_last_axis(node, inputs[0])) return unsupported(describe(node) + ": normalises axis " + std::to_string(node.integer("axis", 1)) + "; training wants channels last");
    const std::vector<ValueId> made =
        n_.add_many("batch_norm_train", inputs, {{"epsilon", node.real("epsilon", 1e-5)}, {"momentum", o_.norm_momentum}}, node.name, 5);
    for (size_t i : {size_t{3}, size_t{4}}) out_.states[state_of_.at(inputs[i].index)].next = made[i];
    map_[node.output().index] = made[0];
    return done();
  }

  bool is_last_axis(const Node& node, ValueId x) const {
    const int64_t axis = node.integer("axis", 1), rank = out_.graph.type(x).rank();
    return (axis < 0 ? axis + rank : axis) == rank - 1;
  }

  // With statistics that do not learn: (x - mean) * (scale / deviation) + bias.
  void normalise_by_statistics(const Node& node, const std::vector<ValueId>& in) {
    const ValueId deviation = add("rsqrt", {add("add", {in[4], n_.number(node.real("epsilon", 1e-5))})});
    map_[node.output().index] = rounded(node.output(), add("add", {n_.mul(add("sub", {in[0], in[3]}), n_.mul(in[1], deviation)), in[2]}, {}, node.name));
  }

  ValueId dropped(ValueId x) { return n_.mul(x, graph().add_input("dropout", graph().type(x))); }

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

  // A loss with a softmax of its own reads what the network's last one does.
  ValueId logits_of(ValueId output) const { return has_softmax(o_.loss) ? before_softmax(network_, output) : output; }
  static ValueId before_softmax(const Graph& network, ValueId output) {
    const Node* last = network.producer(output);
    return last && last->op == "softmax" ? last->inputs[0] : output;
  }

  Result<ValueId> make_loss(ValueId y) {
    const TensorType type = graph().type(y);
    const ValueId target = o_.reconstruct ? input_ : graph().add_input("target", type);
    const ValueId loss = add_loss(n_, o_, y, target);
    VERGE_CHECK(n_.error(), "the loss on an output " + type.text());
    return o_.teacher.network ? add_teacher(y, loss) : Result<ValueId>(loss);
  }

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
    const ValueId softer = n_.number(1 / t.temperature);
    const ValueId soft = add_cross_entropy(n_, n_.mul(y, softer), add("softmax", {n_.mul(answers, softer)}, {{"axis", int64_t{-1}}}), "distillation");
    const ValueId loss = add("add", {n_.mul(hard, 1 - t.weight), n_.mul(soft, t.weight * t.temperature * t.temperature)});
    VERGE_CHECK(n_.error(), "the teacher's loss");
    return loss;
  }
  Result<void> add_updates(ValueId loss) {
    out_.forward_nodes = graph().order().size();
    if (o_.clip_norm <= 0)
      return add_gradient(graph(), loss, trained_, [&](Graph&, ValueId w, ValueId gradient) { return update(w, accumulated(w, gradient), {}); }, o_.remade);
    VERGE_TRY(std::vector<ValueId> gradients, gradient(graph(), loss, trained_, o_.remade));
    ValueId sum;
    for (size_t i = 0; i < trained_.size(); ++i) {
      gradients[i] = accumulated(trained_[i], gradients[i]);
      const ValueId squares = n_.sum_of_squares(gradients[i]);
      sum = sum.valid() ? add("add", {sum, squares}) : squares;
    }
    const ValueId scale = add("minimum", {add("div", {n_.number(o_.clip_norm), add("add", {add("sqrt", {sum}), n_.number(1e-6)})}), n_.number(1)}, {}, "clip");
    for (size_t i = 0; i < trained_.size(); ++i) VERGE_CHECK(update(trained_[i], gradients[i], scale));
    return done();
  }

  void add_phase() {
    const ValueId phase = graph().add_input("phase", TensorType(DataType::kF32, Shape{2}));
    const std::vector<ValueId> parts = n_.add_many("split", {phase}, {{"axis", int64_t{0}}, {"sizes", std::vector<int64_t>{1, 1}}}, "phase", 2);
    keep_ = parts[0], updates_ = add("greater", {parts[1], n_.number(0)});
  }

  // The mean over the batches that make one update.
  ValueId accumulated(ValueId w, ValueId gradient) {
    if (o_.accumulate <= 1) return gradient;
    const ValueId before = zero_state(graph().value(w).name + ".sum", graph().type(w).shape());
    const ValueId sum = add("add", {n_.mul(before, keep_), gradient});
    out_.states.back().next = sum;
    return n_.mul(sum, 1 / static_cast<double>(o_.accumulate));
  }

  ValueId zero_state(const std::string& name, const Shape& shape) {
    const ValueId value = graph().add_input(name, TensorType(DataType::kF32, shape));
    out_.states.push_back({value, {}, Tensor(DataType::kF32, shape)});
    return value;
  }

  Result<void> update(ValueId w, ValueId gradient, ValueId scale) {
    const std::string name = graph().value(w).name;
    const double decay = std::find(weights_.begin(), weights_.end(), w) != weights_.end() ? o_.decay : 0;
    UpdateInputs in{{w}, gradient, scale, schedule_, decay};
    std::vector<size_t> places = {state_of_.at(w.index)};
    for (const std::string& state : state_names(o_.optimizer)) {
      places.push_back(out_.states.size());
      in.states.push_back(zero_state(name + "." + state, graph().type(w).shape()));
    }
    std::vector<ValueId> next = add_update(n_, o_, in, name + ".update");
    for (size_t i = 0; i < next.size(); ++i) out_.states[places[i]].next = updated(next[i], in.states[i]);
    const auto parameter = parameter_of_.find(w.index);
    if (parameter == parameter_of_.end()) return n_.error();
    out_.parameters[parameter->second].moments = static_cast<int>(places[1]);
    if (o_.ema > 0) add_average(out_.parameters[parameter->second], name);
    return n_.error();
  }

  ValueId updated(ValueId next, ValueId now) { return o_.accumulate > 1 ? add("where", {updates_, next, now}) : next; }

  // average += (1 - ema) * (w - average)
  void add_average(Parameter& parameter, const std::string& name) {
    const StateBinding w = out_.states[parameter.state];
    const ValueId average = graph().add_input(name + ".average", TensorType(DataType::kF32, w.initial.shape()));
    parameter.average = static_cast<int>(out_.states.size());
    const ValueId next = add("add", {average, n_.mul(add("sub", {w.next, average}), 1 - o_.ema)});
    out_.states.push_back({average, updated(next, average), w.initial});
  }

  const Graph& network_;
  const TrainingOptions& o_;
  const std::vector<std::vector<NodeId>> readers_;
  const NodeId head_;
  TrainingGraph out_;
  std::map<uint32_t, ValueId> map_;        // the network's values to the training graph's
  std::map<uint32_t, size_t> state_of_;      // of what learns, to its index in out_.states
  std::map<uint32_t, size_t> parameter_of_;  // and in out_.parameters, where it is one
  std::vector<ValueId> trained_, weights_;
  ValueId samples_, input_, schedule_;
  ValueId keep_, updates_;  // of the phase: what the sum is multiplied by, whether this batch ends it
  GraphNodes n_;
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
