#include "quant/quantize.h"

#include <algorithm>
#include <cmath>

#include "ops/op.h"
#include "ops/quantized.h"
#include "ops/unary/unary.h"

namespace verge {
namespace {

using ops::QuantRule;
using Kind = ops::QuantRule::Kind;

QuantRule rule_of(const Graph& graph, const Node& node) {
  const ops::OpDef* def = ops::find_op(node.op);
  return def && def->methods->quant ? def->methods->quant(graph, node) : QuantRule{};
}

bool is_f32(const Graph& graph, ValueId value) { return graph.type(value).dtype == DataType::kF32; }

// Inputs that are activations: neither the weights nor the bias of the rule.
std::vector<size_t> data_inputs(const Node& node, const QuantRule& rule) {
  std::vector<size_t> out;
  for (size_t i = 0; i < node.inputs.size(); ++i)
    if (node.input(i).valid() && static_cast<int>(i) != rule.weight_input && static_cast<int>(i) != rule.bias_input) out.push_back(i);
  return out;
}

// Operators with kernels for int16 activations.
bool has_i16(const Node& node) {
  return node.op == "conv" || node.op == "dense" || node.op == "add" || node.op == "sub" || node.op == "mul";
}

// With scale = input scale * weight scale: int32, or int64 for sums of int16 activations.
Tensor quantize_bias(const Tensor& b, float input_scale, const QuantParams& weights, bool wide) {
  Tensor out(wide ? DataType::kI64 : DataType::kI32, b.shape());
  QuantParams q{weights.scale, std::vector<int32_t>(weights.scale.size(), 0), weights.scale.size() > 1 ? 0 : -1};
  for (size_t c = 0; c < q.scale.size(); ++c) q.scale[c] *= input_scale;
  for (int64_t i = 0; i < b.count(); ++i) {
    const double v = std::nearbyint(static_cast<double>(b.values<float>()[i]) / q.scale[q.scale.size() > 1 ? i : 0]);
    if (wide) out.mut<int64_t>()[i] = static_cast<int64_t>(std::clamp(v, -1e15, 1e15));
    if (!wide) out.mut<int32_t>()[i] = static_cast<int32_t>(std::clamp(v, -2147483647.0, 2147483647.0));
  }
  out.set_quant(std::move(q));
  return out;
}

// Builds the quantised graph node by node; each float value has up to two forms there.
class Rewriter {
 public:
  Rewriter(const Graph& source, const QuantPlan& plan) : source_(source), plan_(plan), real_(source.value_count()), int8_(source.value_count()) {}

  Result<QuantizedGraph> run() {
    Graph& g = out_.graph;
    g.name = source_.name;
    g.metadata = source_.metadata;
    for (ValueId in : source_.inputs()) real_[in.index] = g.add_input(source_.value(in).name, source_.type(in));
    if (plan_.float_scores && !wide()) find_scores(), find_decoding();
    for (NodeId id : source_.order()) {
      const Node& node = source_.node(id);
      const int64_t macs = ops::cost_of(source_, node).macs;
      out_.total_macs += macs;
      if (stays_float(node)) {
        copy_float(node);
      } else {
        VERGE_CHECK(make_int8(node));
        out_.int8_macs += macs;
      }
    }
    const std::vector<ValueId> outputs = source_.outputs();
    for (size_t i = 0; i < outputs.size(); ++i) g.add_output(as_real(outputs[i]), source_.output_name(i));
    g.remove_dead();
    if (!g.sort()) return internal("the quantised graph has a cycle");
    VERGE_CHECK(ops::infer_types(g), "quantised graph");
    for (uint32_t v = 0; v < source_.value_count(); ++v)
      if (int8_[v].valid() || real_[v].valid()) out_.value_of[v] = int8_[v].valid() ? int8_[v] : real_[v];
    return std::move(out_);
  }

 private:
  bool stays_float(const Node& node) const {
    if (plan_.float_nodes.count(node.id.index) || !quantizable(source_, node)) return true;
    if (wide() && !has_i16(node)) return true;
    const QuantRule rule = rule_of(source_, node);
    if (decoding_.count(node.id.index) || (node.input(0).valid() && scores_[node.input(0).index])) return true;
    const auto known = [&](ValueId v) { return int8_[v.index].valid() || plan_.activations.count(v.index) != 0; };
    for (size_t i : data_inputs(node, rule))
      if (!known(node.input(i)) && !source_.constant(node.input(i))) return true;
    // Moving bytes around in int8 pays only when they are int8 already.
    if (rule.kind == Kind::kPassThrough) return !int8_[node.input(0).index].valid() || !source_chose_int8(node.input(0));
    return rule.kind != Kind::kFixedOutput && plan_.activations.count(node.output().index) == 0;
  }
  bool wide() const { return plan_.activation_bits == 16; }

  // Outputs of dense layers that only softmax or nobody reads: what tells classes apart loses no step.
  void find_scores() {
    const std::vector<std::vector<NodeId>> users = source_.all_users();
    for (NodeId id : source_.order()) {
      const Node& node = source_.node(id);
      const bool clamped = node.has("clamp_min") || node.has("clamp_max");
      if (node.op != "dense" || clamped || plan_.float_nodes.count(id.index) || !quantizable(source_, node)) continue;
      const std::vector<NodeId>& readers = users[node.output().index];
      scores_[node.output().index] = std::all_of(readers.begin(), readers.end(), [&](NodeId reader) {
        const Node& r = source_.node(reader);
        return r.op == "softmax" && users[r.output().index].empty();
      });
    }
  }
  // What makes answers of several kinds (boxes, objectness, classes) from the last layers' sums and joins them: every kind keeps its own scale, or none.
  void find_decoding() {
    const std::vector<std::vector<NodeId>> users = source_.all_users();
    const auto last = [&](ValueId v) { return std::all_of(users[v.index].begin(), users[v.index].end(), [&](NodeId r) { return decoding_.count(r.index) != 0; }); };
    const std::vector<NodeId> order = source_.order();
    bool joins = false;
    for (auto id = order.rbegin(); id != order.rend(); ++id) {
      const Node& node = source_.node(*id);
      const bool layer = rule_of(source_, node).weight_input >= 0 || node.op == "matmul";
      if (layer || !std::all_of(node.outputs.begin(), node.outputs.end(), last)) continue;
      decoding_.insert(id->index);
      joins = joins || node.op == "concat";
    }
    if (!joins) decoding_.clear();
  }
  bool source_chose_int8(ValueId v) const { return int8_made_[v.index]; }

  ValueId as_real(ValueId v) {
    if (!v.valid() || real_[v.index].valid()) return v.valid() ? real_[v.index] : v;
    if (const Tensor* t = source_.constant(v)) return real_[v.index] = out_.graph.add_constant(*t, source_.value(v).name);
    const NodeId id = out_.graph.add_node({"dequantize", {int8_[v.index]}, {}, source_.value(v).name + "/dequantize"});
    const ValueId made = out_.graph.node(id).output();
    out_.graph.value(made).type.dtype = DataType::kF32;
    out_.graph.value(made).name = source_.value(v).name;
    return real_[v.index] = made;
  }

  ValueId as_int8(ValueId v) {
    if (int8_[v.index].valid()) return int8_[v.index];
    QuantParams q;
    if (const Tensor* t = source_.constant(v)) {  // a constant operand of add, mul, ...
      float low = 0, high = 0;
      for (float x : t->values<float>()) low = std::min(low, x), high = std::max(high, x);
      q = activation_params({low, high}, plan_.activation_bits);
    } else {
      q = plan_.activations.at(v.index);
    }
    const NodeId id = out_.graph.add_node({"quantize", {as_real(v)}, {}, source_.value(v).name + "/quantize"});
    return int8_[v.index] = typed(out_.graph.node(id).output(), q, source_.value(v).name);
  }

  ValueId typed(ValueId made, const QuantParams& q, const std::string& name) {
    Value& value = out_.graph.value(made);
    value.type.dtype = wide() ? DataType::kI16 : DataType::kI8;
    value.type.quant = q;
    value.name = name;
    return made;
  }

  void copy_float(const Node& node) {
    NewNode made{node.op, {}, node.attrs, node.name, node.outputs.size(), node.subgraphs};
    for (ValueId in : node.inputs) made.inputs.push_back(as_real(in));
    const NodeId id = out_.graph.add_node(std::move(made));
    out_.node_of[id.index] = node.id.index;
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      if (!node.outputs[i].valid()) continue;
      const ValueId to = out_.graph.node(id).outputs[i];
      out_.graph.value(to).name = source_.value(node.outputs[i]).name;
      out_.graph.value(to).type.dtype = source_.type(node.outputs[i]).dtype;
      real_[node.outputs[i].index] = to;
    }
  }

  LayerWeights weights_of(const Node& node, const QuantRule& rule) const {
    if (const auto found = plan_.weights.find(node.id.index); found != plan_.weights.end()) return found->second;
    const bool biased = rule.bias_input >= 0 && node.input(rule.bias_input).valid();
    const int axis = plan_.per_tensor_weights ? -1 : rule.weight_axis;
    return {quantize_weights(*source_.constant(node.input(rule.weight_input)), axis), biased ? *source_.constant(node.input(rule.bias_input)) : Tensor()};
  }

  Result<void> make_int8(const Node& node) {
    const QuantRule rule = rule_of(source_, node);
    NewNode made{node.op, std::vector<ValueId>(node.inputs.size()), node.attrs, node.name, 1, {}};
    if (plan_.onnx_rounding && (rule.kind == Kind::kCompute || node.op == "avg_pool")) made.attrs["requant"] = std::string("onnx");
    for (size_t i : data_inputs(node, rule)) made.inputs[i] = as_int8(node.input(i));
    if (rule.weight_input >= 0) {
      const LayerWeights chosen = weights_of(node, rule);
      made.inputs[rule.weight_input] = out_.graph.add_constant(chosen.weights, source_.value(node.input(rule.weight_input)).name);
      if (rule.bias_input >= 0 && node.input(rule.bias_input).valid()) {
        const float input_scale = out_.graph.type(made.inputs[0]).quant.scale[0];
        const Tensor bias = quantize_bias(chosen.bias, input_scale, chosen.weights.quant(), wide());
        made.inputs[rule.bias_input] = out_.graph.add_constant(bias, source_.value(node.input(rule.bias_input)).name);
      }
    }
    if (scores_[node.output().index]) return add_scores(node, std::move(made)), done();
    QuantParams q;
    if (rule.kind == Kind::kFixedOutput) {
      q = {{rule.fixed_scale}, {rule.fixed_zero_point}, -1};
    } else {
      q = rule.kind == Kind::kPassThrough ? out_.graph.type(made.inputs[0]).quant : plan_.activations.at(node.output().index);
    }
    const NodeId id = out_.graph.add_node(std::move(made));
    out_.node_of[id.index] = node.id.index;
    int8_[node.output().index] = typed(out_.graph.node(id).output(), q, source_.value(node.output()).name);
    int8_made_[node.output().index] = true;
    return done();
  }

  void add_scores(const Node& node, NewNode made) {
    const NodeId id = out_.graph.add_node(std::move(made));
    out_.node_of[id.index] = node.id.index;
    Value& value = out_.graph.value(real_[node.output().index] = out_.graph.node(id).output());
    value.type.dtype = DataType::kF32;
    value.name = source_.value(node.output()).name;
  }

  const Graph& source_;
  const QuantPlan& plan_;
  std::vector<bool> scores_ = std::vector<bool>(source_.value_count(), false);  // by value of the source
  std::set<uint32_t> decoding_;  // nodes of the source
  std::vector<ValueId> real_, int8_;
  std::vector<bool> int8_made_ = std::vector<bool>(source_.value_count(), false);
  QuantizedGraph out_;
};

// What a clamped sum feels of an addend: relu(a + b) is 0 for every a below -max(b).
Range felt_by_sum(const Node& sum, ValueId value, const Calibration& calibration, RangeMethod method) {
  const ValueId other = sum.input(sum.input(0) == value ? 1 : 0);
  const ops::RealClamp clamp = ops::real_clamp(sum);
  if (sum.input(0) == sum.input(1) || !calibration.seen(other) || (std::isinf(clamp.min) && std::isinf(clamp.max))) return kUnbounded;
  const Range beside = calibration.range(other, method);
  const float low = static_cast<float>(clamp.min - beside.high), high = static_cast<float>(clamp.max - beside.low);
  return {std::min(low, 0.0F), std::max(high, 0.0F)};
}

// What a function feels of its argument: beyond these its value stays within half an int8 step of that at the extreme. silu(x) is 0 for every x below some -5.
Range felt_by_function(const ops::UnaryValue& f, const ValueStats& x) {
  constexpr int kPlaces = 1024;
  std::vector<double> y(kPlaces);
  const auto place = [&](int i) { return x.min + (static_cast<double>(x.max) - x.min) * i / (kPlaces - 1); };
  for (int i = 0; i < kPlaces; ++i) y[static_cast<size_t>(i)] = f(place(i));
  const auto [least, most] = std::minmax_element(y.begin(), y.end());
  const double half_step = (*most - *least) / 510;
  const auto far = [&](double end) { return [=](double v) { return !(std::fabs(v - end) <= half_step); }; };
  const auto low = std::find_if(y.begin(), y.end(), far(y.front())) - y.begin(), high = y.rend() - std::find_if(y.rbegin(), y.rend(), far(y.back())) - 1;
  return low > high ? kUnbounded : Range{static_cast<float>(place(static_cast<int>(low))), static_cast<float>(place(static_cast<int>(high)))};
}

// What its only reader feels of a value.
Range felt_of(const Graph& graph, ValueId value, const std::vector<NodeId>& readers, const Calibration& calibration, RangeMethod method) {
  if (readers.size() != 1 || graph.is_output(value)) return kUnbounded;
  const Node& reader = graph.node(readers[0]);
  if (reader.op == "add") return felt_by_sum(reader, value, calibration, method);
  const bool function = std::string_view(ops::find_op(reader.op)->family) == "unary" && rule_of(graph, reader).kind != Kind::kNone;
  return function && calibration.stats(value).max > calibration.stats(value).min ? felt_by_function(ops::unary_value(reader), calibration.stats(value)) : kUnbounded;
}

}  // namespace

Tensor quantize_weights(const Tensor& w, int axis) {
  const Shape& shape = w.shape();
  const int64_t channels = axis < 0 ? 1 : shape[axis], inner = axis < 0 ? w.count() : shape.count(axis + 1, shape.rank);
  const std::span<const float> x = w.values<float>();
  std::vector<float> largest(static_cast<size_t>(channels), 0.0f);
  for (int64_t i = 0; i < w.count(); ++i) {
    float& m = largest[i / inner % channels];
    m = std::max(m, std::fabs(x[i]));
  }
  QuantParams q{std::vector<float>(largest.size()), std::vector<int32_t>(largest.size(), 0), axis};
  for (size_t c = 0; c < largest.size(); ++c) q.scale[c] = largest[c] > 0 ? largest[c] / 127.0f : 1.0f;
  Tensor out(DataType::kI8, shape);
  const std::span<int8_t> y = out.mut<int8_t>();
  for (int64_t i = 0; i < w.count(); ++i) {
    const double v = std::nearbyint(static_cast<double>(x[i]) / q.scale[i / inner % channels]);
    y[i] = static_cast<int8_t>(std::clamp(v, -127.0, 127.0));
  }
  out.set_quant(std::move(q));
  return out;
}

bool quantizable(const Graph& graph, const Node& node) {
  const QuantRule rule = rule_of(graph, node);
  if (rule.kind == Kind::kNone || node.outputs.size() != 1 || !is_f32(graph, node.output())) return false;
  for (size_t i : data_inputs(node, rule))
    if (!is_f32(graph, node.input(i))) return false;
  const auto constant_f32 = [&](int i) { return graph.constant(node.input(i)) && is_f32(graph, node.input(i)); };
  if (rule.weight_input >= 0 && !constant_f32(rule.weight_input)) return false;
  return rule.bias_input < 0 || !node.input(rule.bias_input).valid() || constant_f32(rule.bias_input);
}

QuantPlan plan_quantization(const Graph& graph, const Calibration& calibration, RangeMethod method, int activation_bits) {
  QuantPlan plan;
  plan.activation_bits = activation_bits;
  const std::vector<std::vector<NodeId>> readers = graph.all_users();
  for (ValueId in : graph.inputs())
    if (is_f32(graph, in) && calibration.seen(in)) plan.activations[in.index] = activation_params(calibration.range(in, RangeMethod::kMinMax), activation_bits);
  for (NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    const QuantRule rule = rule_of(graph, node);
    for (ValueId out : node.outputs) {
      if (!out.valid() || !is_f32(graph, out)) continue;
      const auto source = node.inputs.empty() || !node.input(0).valid() ? plan.activations.end() : plan.activations.find(node.input(0).index);
      if (rule.kind == Kind::kPassThrough && source != plan.activations.end()) {
        plan.activations[out.index] = source->second;
      } else if (calibration.seen(out)) {
        plan.activations[out.index] = activation_params(calibration.range(out, method, felt_of(graph, out, readers[out.index], calibration, method)), activation_bits);
      }
    }
  }
  return plan;
}

Result<QuantizedGraph> quantize_graph(const Graph& graph, const QuantPlan& plan) { return Rewriter(graph, plan).run(); }

}  // namespace verge
