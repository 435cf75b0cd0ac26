#include "train/trainer.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>

#include "core/text.h"
#include "ops/op.h"
#include "train/graph_copy.h"
#include "train/random.h"

namespace verge::train {

Result<Trainer> Trainer::create(const Graph& network, const TrainingOptions& options, int threads) {
  VERGE_TRY(TrainingGraph graph, make_training_graph(network, options));
  VERGE_TRY(const Lowered lowered, lower(graph.graph, {threads}, graph.states));
  std::vector<uint32_t> tensors;
  for (const StateBinding& s : graph.states) tensors.push_back(lowered.value_tensor[s.value.index]);
  VERGE_TRY(Executable executable, Executable::open(lowered.program, {threads}));
  return Trainer(network, options, std::move(graph), std::move(tensors), std::move(executable));
}

Result<float> Trainer::step(double rate) {
  const auto t = static_cast<double>(steps_ / options_.accumulate + 1);
  rt::Session& session = executable_.session();
  float* schedule = session.input(executable_.input_count() - 1).mut<float>();
  schedule[0] = static_cast<float>(rate);
  schedule[1] = static_cast<float>(1 / (1 - std::pow(options_.beta1, t)));
  schedule[2] = static_cast<float>(1 / std::sqrt(1 - std::pow(options_.beta2, t)));
  if (options_.accumulate > 1) {
    float* phase = session.input(executable_.input_count() - 2).mut<float>();
    phase[0] = steps_ % options_.accumulate > 0, phase[1] = steps_ % options_.accumulate == options_.accumulate - 1;
  }
  if (options_.dropout > 0) drop_out();
  VERGE_CHECK(executable_.run());
  ++steps_;
  return *session.output(0).as<float>();
}

// Factors that follow from the seed and the step alone.
void Trainer::drop_out() {
  const TensorView& factors = executable_.session().input(1);
  Random random({options_.seed, kDropout, static_cast<uint64_t>(steps_)});
  const auto kept = static_cast<float>(1 / (1 - options_.dropout));
  for (int64_t i = 0; i < factors.shape.count(); ++i) factors.mut<float>()[i] = random.chance(options_.dropout) ? 0 : kept;
}

namespace {

// w + scale * left right
Tensor merged(const Tensor& w, const TensorView& left, const TensorView& right, double scale) {
  Tensor out(DataType::kF32, w.shape());
  const auto rank = static_cast<size_t>(left.shape[1]), inputs = static_cast<size_t>(right.shape[1]);
  const std::span<float> to = out.mut<float>();
  for (size_t i = 0; i < to.size(); ++i) {
    double sum = 0;
    for (size_t k = 0; k < rank; ++k) sum += static_cast<double>(left.as<float>()[i / inputs * rank + k]) * static_cast<double>(right.as<float>()[k * inputs + i % inputs]);
    to[i] = static_cast<float>(static_cast<double>(w.values<float>()[i]) + scale * sum);
  }
  return out;
}

}  // namespace

Graph Trainer::trained() const {
  Graph out = network_;
  for (const Parameter& p : parameters_) {
    const TensorView& view = state_view(p.average >= 0 ? static_cast<size_t>(p.average) : p.state);
    Tensor value(view.dtype, view.shape);
    std::memcpy(value.data(), view.data, view.bytes());
    out.value(p.constant).constant = std::make_shared<const Tensor>(std::move(value));
  }
  for (const Adapter& a : adapters_)
    out.value(a.constant).constant = std::make_shared<const Tensor>(merged(*network_.constant(a.constant), state_view(a.left), state_view(a.right), a.scale));
  return out;
}

std::vector<SparseWeights::Layer> Trainer::weights() {
  std::vector<SparseWeights::Layer> out;
  for (const Parameter& p : parameters_) {
    if (!p.weight) continue;
    const TensorView& view = executable_.session().tensor(tensors_[p.state]);
    const auto count = static_cast<size_t>(view.shape.count());
    out.push_back({{view.mut<float>(), count}, count / static_cast<size_t>(view.shape[0])});
  }
  return out;
}

std::vector<std::pair<Parameter, double>> Trainer::consistency(double beta) const {
  std::vector<std::pair<Parameter, double>> out;
  for (const Parameter& p : parameters_) {
    if (p.moments < 0) continue;
    const TensorView &m = state_view(static_cast<size_t>(p.moments)), &v = state_view(static_cast<size_t>(p.moments) + 1);
    double sum = 0;
    for (int64_t i = 0; i < m.shape.count(); ++i) {
      const double first = static_cast<double>(m.as<float>()[i]), second = static_cast<double>(v.as<float>()[i]);
      if (second > 0) sum += std::max(0.0, first * first / (second * (1 - beta)) - 1);
    }
    out.emplace_back(p, sum);
  }
  return out;
}

Bytes Trainer::state() const {
  const uint8_t* data = const_cast<Executable&>(executable_).session().mutable_data();
  return {data, data + model().mutable_bytes()};
}

Result<void> Trainer::set_state(ByteSpan state, int64_t steps) {
  if (state.size() != model().mutable_bytes())
    return invalid("the checkpoint holds " + std::to_string(state.size()) + " bytes of parameters, this network and optimiser have " + std::to_string(model().mutable_bytes()));
  std::memcpy(executable_.session().mutable_data(), state.data(), state.size());
  steps_ = steps;
  return done();
}

Result<Graph> with_normalisation(const Graph& network, const InputOptions& input) {
  if (!input.bytes) return network;
  Graph g;
  const ValueId in = network.inputs()[0];
  TensorType type = network.type(in);
  type.dtype = DataType::kU8;
  const auto add = [&](const std::string& op, std::vector<ValueId> inputs, Attrs attrs) { return g.node(g.add_node({op, std::move(inputs), std::move(attrs), "normalise." + op, 1, {}})).output(); };
  std::vector<float> scale = input.std;
  for (float& s : scale) s = 1 / s;
  const auto row = [&](const std::vector<float>& v) { return g.add_constant(Tensor::of({static_cast<int32_t>(v.size())}, v)); };
  const ValueId bytes = g.add_input(network.value(in).name, type);
  std::map<uint32_t, ValueId> map;
  map[in.index] = add("mul", {add("sub", {add("cast", {bytes}, {{"to", std::string("f32")}}), row(input.mean)}, {}), row(scale)}, {});
  append_nodes(network, g, map);
  for (size_t i = 0; i < network.outputs().size(); ++i) g.add_output(map.at(network.outputs()[i].index), network.output_name(i));
  VERGE_CHECK(ops::infer_types(g));
  return g;
}

}  // namespace verge::train
