#include "train/float_shadow.h"

#include "ops/op.h"
#include "ops/quantized.h"

namespace verge::train {
namespace {

using ops::QuantRule;

// Stored integers as the real numbers that they stand for.
Tensor dequantised(const Tensor& t) {
  const QuantParams& q = t.quant();
  const std::vector<int64_t> integers = ops::centred(t);
  Tensor out(DataType::kF32, t.shape());
  const size_t channels = q.scale.size();
  const auto inner = static_cast<size_t>(channels > 1 ? t.shape().count(q.axis + 1, t.shape().rank) : 1);
  for (size_t i = 0; i < integers.size(); ++i)
    out.mut<float>()[i] = static_cast<float>(static_cast<double>(integers[i]) * static_cast<double>(q.scale[channels > 1 ? i / inner % channels : 0]));
  return out;
}

bool is_int8(const TensorType& type) { return type.quantized() && (type.dtype == DataType::kI8 || type.dtype == DataType::kU8); }

// As int8 has it: bytes without a sign lie 128 higher.
QuantParams as_int8(const TensorType& type) {
  QuantParams q = type.quant;
  for (int32_t& zero : q.zero_point) zero -= type.dtype == DataType::kU8 ? 128 : 0;
  return q;
}

class Shadow {
 public:
  explicit Shadow(const Graph& integers) : from_(integers), map_(integers.value_count()) {}

  Result<QuantisedNetwork> run() {
    Graph& g = out_.graph;
    g.name = from_.name, g.metadata = from_.metadata;
    for (ValueId in : from_.inputs()) {
      TensorType type = from_.type(in);
      type.dtype = DataType::kF32, type.quant = {};
      map_[in.index] = g.add_input(from_.value(in).name, type);
      if (is_int8(from_.type(in))) add_levels(in, map_[in.index]);
    }
    for (NodeId id : from_.order()) VERGE_CHECK(copy(from_.node(id)));
    for (size_t i = 0; i < from_.outputs().size(); ++i) g.add_output(map_[from_.outputs()[i].index], from_.output_name(i));
    VERGE_CHECK(ops::infer_types(g), "the float shadow");
    VERGE_CHECK(set_batch(g, 1));
    return std::move(out_);
  }

 private:
  Result<void> copy(const Node& node) {
    if (node.op == "quantize" || node.op == "dequantize") {
      map_[node.output().index] = real(node.input(0));
      if (node.op == "quantize" && out_.plan.activations.count(map_[node.output().index].index) == 0) add_levels(node.output(), map_[node.output().index]);
      return done();
    }
    NewNode made{node.op, {}, node.attrs, node.name, node.outputs.size(), node.subgraphs};
    for (ValueId in : node.inputs) made.inputs.push_back(in.valid() ? real(in) : in);
    const NodeId id = out_.graph.add_node(std::move(made));
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      map_[node.outputs[i].index] = out_.graph.node(id).outputs[i];
      out_.graph.value(map_[node.outputs[i].index]).name = from_.value(node.outputs[i]).name;
    }
    VERGE_CHECK(ops::infer_node(out_.graph, out_.graph.node(id)));
    return from_.type(node.output()).dtype == DataType::kF32 ? done() : add_integers(node, id);
  }

  // What an integer node rounds: its output, and its weights where they learn.
  Result<void> add_integers(const Node& node, NodeId id) {
    const Node& made = out_.graph.node(id);
    const ops::OpDef* def = ops::find_op(node.op);
    const QuantRule rule = def && def->methods->quant ? def->methods->quant(out_.graph, made) : QuantRule{};
    if (!is_int8(from_.type(node.output())) || rule.kind == QuantRule::Kind::kNone || rule.kind == QuantRule::Kind::kSameScale)
      return unsupported(describe(node) + ": no float shadow of this integer form, " + from_.type(node.output()).text() + "; int8 layers, sums, products and averages have one");
    if (rule.kind == QuantRule::Kind::kCompute) add_levels(node.output(), made.output());
    else out_.plan.activations[made.output().index] = as_int8(from_.type(node.output()));
    for (size_t i = 0; i < node.inputs.size(); ++i)
      if (node.input(i).valid() && from_.constant(node.input(i)) && static_cast<int>(i) != rule.weight_input && static_cast<int>(i) != rule.bias_input)
        return unsupported(describe(node) + ": its input " + std::to_string(i) + " is a constant; only weights and biases may be");
    if (rule.weight_input < 0) return done();
    const Tensor* weights = from_.constant(node.input(static_cast<size_t>(rule.weight_input)));
    if (!weights || weights->dtype() != DataType::kI8 || (weights->quant().scale.size() > 1 && weights->quant().axis != rule.weight_axis) || rule.weight_axis != 0)
      return unsupported(describe(node) + ": its weights are no int8 constant with one scale or one a channel");
    for (int32_t zero : weights->quant().zero_point)
      if (zero != 0) return unsupported(describe(node) + ": its weights have the zero point " + std::to_string(zero) + "; symmetric ones can learn");
    Shape shape = weights->shape();
    for (int i = weights->quant().scale.size() > 1 ? 1 : 0; i < shape.rank; ++i) shape[i] = 1;
    const ValueId value = made.input(static_cast<size_t>(rule.weight_input));
    add_rounding(value, weights->quant().scale, shape, -127, 127);
    out_.weights[id.index] = value.index;
    return done();
  }

  void add_levels(ValueId integers, ValueId value) {
    const QuantParams q = as_int8(from_.type(integers));
    out_.plan.activations[value.index] = q;
    add_rounding(value, q.scale, Shape{1}, -128 - q.zero_point[0], 127 - q.zero_point[0]);
  }

  void add_rounding(ValueId value, const std::vector<float>& scales, const Shape& shape, double low, double high) {
    out_.rounding[value.index] = {out_.graph.add_constant(Tensor::of(shape, scales), "fixed.scale"), low, high, true};
  }

  ValueId real(ValueId v) {
    if (map_[v.index].valid()) return map_[v.index];
    const Tensor& t = *from_.constant(v);
    return map_[v.index] = out_.graph.add_constant(t.quant().scale.empty() ? t : dequantised(t), from_.value(v).name);
  }

  const Graph& from_;
  std::vector<ValueId> map_;
  QuantisedNetwork out_;
};

}  // namespace

bool has_integers(const Graph& network) {
  for (NodeId id : network.order())
    if (const TensorType& type = network.type(network.node(id).output()); type.dtype == DataType::kI8 || is_int8(type)) return true;
  return false;
}

Result<QuantisedNetwork> float_shadow(const Graph& integers) { return Shadow(integers).run(); }

}  // namespace verge::train
