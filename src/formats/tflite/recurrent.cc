// Recurrent layers. Their states are tensors of the file that the operator writes: values that live on from run to run.
#include <algorithm>

#include "core/text.h"
#include "formats/tflite/builtins.h"

namespace verge::formats::tflite::builtins {
namespace {

using Activation = schema::ActivationFunctionType;
using Ints = std::vector<int64_t>;

constexpr size_t kGates = 4;  // input, forget, cell, output: the order of the file's tensors
enum Gate : size_t { kInput, kForget, kCell, kOutput };

// Where the tensors of one LSTM stand among the operator's inputs.
struct Places {
  size_t w = 1, r = 5, peephole = 9, bias = 12, projection = 16, h = 18, c = 19;
};
constexpr size_t kLayerNorm = 20, kPlaces = 24;  // of the operators with one LSTM

struct LstmOptions {
  Activation activation = Activation::TANH;
  double cell_clip = 0, projection_clip = 0;
  bool time_major = false;
};

Tensor zeros_like(const Tensor& like) {
  Tensor zeros(like.dtype(), like.shape());
  zeros.set_quant(like.quant());
  return zeros;
}

// The tensors of four gates from input `first` on; the input gate of a coupled LSTM is absent, and zeros here.
Result<std::vector<Tensor>> gates_of(Op& op, size_t first) {
  const Tensor* like = op.constant(first + kForget);
  if (!like) return op.refuse("weights or biases of a gate are absent or computed while the model runs");
  std::vector<Tensor> gates;
  for (size_t g = 0; g < kGates; ++g) {
    const Tensor* gate = op.constant(first + g);
    if (op.has(first + g) && (!gate || gate->dtype() != like->dtype() || gate->shape() != like->shape()))
      return corrupt("input " + std::to_string(first + g) + " is " + op.type(first + g).text() + ", wants " + op.type(first + kForget).text());
    if (!gate && g != kInput) return corrupt("input " + std::to_string(first + g) + " is absent");
    gates.push_back(gate ? *gate : zeros_like(*like));
  }
  return gates;
}

// One above the other; each row keeps its scale.
Tensor stacked(const std::vector<Tensor>& parts) {
  Shape shape = parts[0].shape();
  const int32_t rows = shape[0];
  shape[0] *= static_cast<int32_t>(parts.size());
  Bytes bytes;
  QuantParams quant;
  for (const Tensor& part : parts) {
    bytes.insert(bytes.end(), part.bytes().begin(), part.bytes().end());
    if (part.quant().scale.size() != 1) continue;
    quant.scale.insert(quant.scale.end(), static_cast<size_t>(rows), part.quant().scale[0]);
    quant.zero_point.insert(quant.zero_point.end(), static_cast<size_t>(rows), part.quant().zero_point[0]);
  }
  Tensor out(parts[0].dtype(), shape, std::move(bytes));
  if (quant.scale.size() == static_cast<size_t>(shape[0])) {
    quant.axis = 0;
    out.set_quant(std::move(quant));
  }
  return out;
}

Tensor negated(const Tensor& x) {
  Tensor out(DataType::kF32, x.shape());
  for (size_t i = 0; i < out.mut<float>().size(); ++i) out.mut<float>()[i] = -x.values<float>()[i];
  return out;
}

// [time, batch, ..] and [batch, time, ..] in turn.
Result<ValueId> turned(Op& op, ValueId x) { return op.add("transpose", {x}, {{"perm", Ints{1, 0, 2}}}); }

Result<ValueId> reshaped(Op& op, ValueId x, const std::vector<Dim>& dims) {
  VERGE_TRY(Attrs attrs, op.shape_attr(dims));
  return op.add("reshape", {x}, std::move(attrs));
}

Result<void> refuse_rare_forms(Op& op, const Places& at, const LstmOptions& o) {
  if (op.has(at.projection) || o.projection_clip > 0) return op.refuse("the projection of an LSTM has no translation", "train without projection");
  for (size_t i = kLayerNorm; i < kPlaces && op.inputs() == kPlaces; ++i)
    if (op.has(i)) return op.refuse("the normalised gates of an LSTM have no translation", "train without layer normalisation inside the LSTM");
  return done();
}

// --- int8 activations, int16 cells

Result<void> quantised_lstm(Op& op, const Places& at, const LstmOptions& o) {
  for (size_t i = at.peephole; i < at.bias; ++i)
    if (op.has(i)) return op.refuse("peepholes of a quantised LSTM have no translation", "train without peepholes");
  if (op.type(size_t{0}).dtype != DataType::kI8 || !op.output_type().quantized() || op.type(at.h).dtype != DataType::kI8 || op.type(at.c).dtype != DataType::kI16)
    return op.refuse("an LSTM of " + op.type(size_t{0}).text() + " with states " + op.type(at.h).text() + " and " + op.type(at.c).text() + " has no translation",
                     "quantise activations to int8 and cells to int16, or keep the LSTM in float");
  if (o.activation != Activation::TANH) return op.refuse("a quantised LSTM with another activation than tanh has no translation");
  VERGE_TRY(const std::vector<Tensor> w, gates_of(op, at.w));
  VERGE_TRY(const std::vector<Tensor> r, gates_of(op, at.r));
  VERGE_TRY(std::vector<Tensor> bias, gates_of(op, at.bias));
  for (Tensor& b : bias) b.set_quant({});
  std::vector<ValueId> inputs{op.in(0)};
  if (o.time_major) {
    VERGE_TRY(inputs[0], turned(op, inputs[0]));
  }
  for (const std::vector<Tensor>* gates : {&w, &r, &std::as_const(bias)}) {
    const DataType wanted = gates == &bias ? DataType::kI32 : DataType::kI8;
    if ((*gates)[0].dtype() != wanted || (*gates)[0].shape().rank < 1) return op.refuse("its weights and biases are not int8 and int32");
    VERGE_TRY(inputs.emplace_back(), op.add_constant(stacked(*gates)));
    if (wanted == DataType::kI8 && !op.type(inputs.back()).quant.per_channel()) return op.refuse("its weights have not one scale a gate");
  }
  inputs.insert(inputs.end(), {op.in(at.h), op.in(at.c)});
  QuantParams hidden = op.output_type().quant;
  if (const schema::Tensor* t = op.intermediate(4); t && !tensor_type(*t).quant.empty()) hidden = tensor_type(*t).quant;
  Attrs attrs{{"hidden_scale", double{hidden.scale[0]}}, {"hidden_zero_point", int64_t{hidden.zero_point[0]}}, {"cell_clip", o.cell_clip}, {"coupled", int64_t{!op.has(at.w)}}};
  VERGE_TRY(const std::vector<ValueId> out, op.add_many({op.output_type(), op.type(at.h), op.type(at.c)}, "lstm_i8", std::move(inputs), std::move(attrs)));
  VERGE_CHECK(op.set_state(at.h, out[1]));
  VERGE_CHECK(op.set_state(at.c, out[2]));
  VERGE_TRY(const ValueId y, o.time_major ? turned(op, out[0]) : Result<ValueId>(out[0]));
  return op.set(0, y);
}

// --- real numbers

Result<std::string> core_activation(Op& op, Activation activation) {
  switch (activation) {
    case Activation::TANH: return std::string("tanh");
    case Activation::RELU: return std::string("relu");
    case Activation::NONE: return std::string("affine");
    default: return op.refuse("a recurrent layer with activation number " + std::to_string(static_cast<int>(activation)) + " has no translation");
  }
}

// Rows in the core's order, which is input, output, forget, cell; a coupled input gate 1 - f(v) is f(-v).
Tensor in_core_order(std::vector<Tensor> gates, bool coupled) {
  if (coupled) gates[kInput] = negated(gates[kForget]);
  return stacked({gates[kInput], gates[kOutput], gates[kForget], gates[kCell]});
}

Tensor with_direction(const Tensor& x, int32_t zeros_after = 0) {
  Shape shape{1};
  for (int i = 0; i < x.shape().rank; ++i) shape[shape.rank++] = x.shape()[i];
  shape[1] += zeros_after;
  Bytes bytes(x.bytes().begin(), x.bytes().end());
  bytes.resize(static_cast<size_t>(shape.count()) * sizeof(float));
  return Tensor(DataType::kF32, shape, std::move(bytes));
}

Result<std::vector<Tensor>> real_gates(Op& op, size_t first) {
  VERGE_TRY(std::vector<Tensor> gates, gates_of(op, first));
  for (Tensor& gate : gates) gate = dequantized(gate);
  if (gates[0].dtype() != DataType::kF32) return op.refuse("its weights are " + op.type(first + kForget).text() + ", want real numbers");
  return gates;
}

// Input 0 as [batch, time, inputs] or [time, batch, inputs], the states as the core has them.
struct Sequence {
  ValueId x;
  Dim batch, time;
};

Result<Sequence> sequence_of(Op& op, bool time_major) {
  const TensorType x = op.type(size_t{0});
  if (!x.is_static() || (x.rank() != 3 && x.rank() != 2)) return op.refuse("its input is " + x.text() + ", wants rank 2 or 3 of fixed size");
  if (x.rank() == 3) return Sequence{op.in(0), x.dims[time_major ? 1 : 0], x.dims[time_major ? 0 : 1]};
  VERGE_TRY(const ValueId one_step, reshaped(op, op.in(0), time_major ? std::vector<Dim>{Dim(1), x.dims[0], x.dims[1]} : std::vector<Dim>{x.dims[0], Dim(1), x.dims[1]}));
  return Sequence{one_step, x.dims[0], Dim(1)};
}

Result<ValueId> first_state(Op& op, size_t place, const Sequence& s, bool time_major) {
  const Dim hidden = op.type(place).dims.back();
  return reshaped(op, op.in(place), time_major ? std::vector<Dim>{Dim(1), s.batch, hidden} : std::vector<Dim>{s.batch, Dim(1), hidden});
}

Result<void> keep_state(Op& op, size_t place, ValueId value) {
  const TensorType like = op.type(place);
  VERGE_TRY(const ValueId state, reshaped(op, value, like.dims));
  return op.set_state(place, state);
}

// y of one direction, with the operator's own rank.
Result<ValueId> without_direction(Op& op, ValueId y, const Sequence& s, bool time_major) {
  const Dim hidden = op.type(y).dims.back();
  if (op.type(size_t{0}).rank() == 2) return reshaped(op, y, {s.batch, hidden});
  return reshaped(op, y, time_major ? std::vector<Dim>{s.time, s.batch, hidden} : std::vector<Dim>{s.batch, s.time, hidden});
}

Result<ValueId> real_lstm(Op& op, const Places& at, const LstmOptions& o, bool reverse) {
  const bool coupled = !op.has(at.w);
  VERGE_TRY(const Sequence s, sequence_of(op, o.time_major));
  VERGE_TRY(std::vector<Tensor> w, real_gates(op, at.w));
  VERGE_TRY(std::vector<Tensor> r, real_gates(op, at.r));
  VERGE_TRY(std::vector<Tensor> b, real_gates(op, at.bias));
  if (w[0].shape().rank != 2 || r[0].shape().rank != 2 || b[0].shape().rank != 1) return corrupt("weights are " + op.type(at.w + kForget).text() + " and " + op.type(at.r + kForget).text());
  const int32_t hidden = w[0].shape()[0];
  std::vector<ValueId> inputs{s.x};
  for (const Tensor& t : {with_direction(in_core_order(std::move(w), coupled)), with_direction(in_core_order(std::move(r), coupled)),
                          with_direction(in_core_order(std::move(b), coupled), 4 * hidden)}) {
    VERGE_TRY(inputs.emplace_back(), op.add_constant(t));
  }
  inputs.push_back({});  // lengths
  VERGE_TRY(inputs.emplace_back(), first_state(op, at.h, s, o.time_major));
  VERGE_TRY(inputs.emplace_back(), first_state(op, at.c, s, o.time_major));
  if (op.has(at.peephole + kForget)) {
    std::vector<Tensor> p;
    for (size_t i : {size_t{0}, size_t{2}, size_t{1}}) {  // input, output, forget from input, forget, output
      const Tensor* peephole = op.constant(at.peephole + (i == 0 && coupled ? 1 : i));
      if (!peephole) return op.refuse("its peepholes are computed while the model runs");
      p.push_back(i == 0 && coupled ? negated(dequantized(*peephole)) : dequantized(*peephole));
    }
    VERGE_TRY(inputs.emplace_back(), op.add_constant(with_direction(stacked(p))));
  }
  VERGE_TRY(const std::string activation, core_activation(op, o.activation));
  Attrs attrs{{"direction", reverse ? "reverse" : "forward"}, {"batch_major", int64_t{!o.time_major}}, {"cell_clip", o.cell_clip}};
  if (activation != "tanh") {
    attrs["activations"] = std::vector<std::string>{"sigmoid", activation, activation};
    attrs["activation_alpha"] = std::vector<double>{0, 1, 1};
    attrs["activation_beta"] = std::vector<double>{0, 0, 0};
  }
  TensorType real;
  real.dtype = DataType::kF32;
  VERGE_TRY(const std::vector<ValueId> out, op.add_many({real, real, real}, "lstm", std::move(inputs), std::move(attrs)));
  VERGE_CHECK(keep_state(op, at.h, out[1]));
  VERGE_CHECK(keep_state(op, at.c, out[2]));
  return without_direction(op, out[0], s, o.time_major);
}

Result<ValueId> real_rnn(Op& op, size_t w, size_t h, Activation activation, bool time_major, bool reverse) {
  VERGE_TRY(const Sequence s, sequence_of(op, time_major));
  std::vector<ValueId> inputs{s.x};
  for (size_t i = 0; i < 3; ++i) {
    const Tensor* t = op.constant(w + i);
    if (!t || t->shape().rank != (i < 2 ? 2 : 1)) return op.refuse("weights or biases are computed while the model runs");
    VERGE_TRY(inputs.emplace_back(), op.add_constant(with_direction(dequantized(*t), i == 2 ? t->shape()[0] : 0)));
  }
  inputs.push_back({});
  VERGE_TRY(inputs.emplace_back(), first_state(op, h, s, time_major));
  VERGE_TRY(const std::string core, core_activation(op, activation));
  Attrs attrs{{"direction", reverse ? "reverse" : "forward"},          {"batch_major", int64_t{!time_major}},         {"activations", std::vector<std::string>{core}},
              {"activation_alpha", std::vector<double>{1}}, {"activation_beta", std::vector<double>{0}}};
  TensorType real;
  real.dtype = DataType::kF32;
  VERGE_TRY(const std::vector<ValueId> out, op.add_many({real, real}, "rnn", std::move(inputs), std::move(attrs)));
  VERGE_CHECK(keep_state(op, h, out[1]));
  return without_direction(op, out[0], s, time_major);
}

// Both directions: one output behind the other, or two outputs.
Result<void> set_both(Op& op, ValueId forward, ValueId backward, bool merge) {
  if (!merge) {
    VERGE_CHECK(op.set(0, forward));
    return op.outputs() > 1 ? op.set(1, backward) : corrupt("has one output for two directions");
  }
  return op.result("concat", {forward, backward}, {{"axis", int64_t{op.type(forward).rank() - 1}}});
}

Result<void> refuse_auxiliary(Op& op, size_t first) {
  for (size_t i = first; i < op.inputs(); ++i)
    if (op.has(i)) return op.refuse("the auxiliary input of a bidirectional layer has no translation", "stack the layers by concatenation");
  return done();
}

}  // namespace

Result<void> sequence_lstm(Op& op) {
  VERGE_TRY(const auto* o, op.options<schema::UnidirectionalSequenceLSTMOptions>());
  const LstmOptions options{o->fused_activation_function(), o->cell_clip(), o->proj_clip(), o->time_major()};
  if (op.inputs() != kPlaces && op.inputs() != kLayerNorm) return corrupt("has " + std::to_string(op.inputs()) + " inputs, wants 20 or 24");
  if (o->diagonal_recurrent_tensors()) return op.refuse("diagonal recurrent weights have no translation");
  const Places at;
  VERGE_CHECK(refuse_rare_forms(op, at, options));
  if (op.type(size_t{0}).quantized()) return quantised_lstm(op, at, options);
  VERGE_TRY(const ValueId y, real_lstm(op, at, options, false));
  return op.set(0, y);
}

Result<void> both_ways_lstm(Op& op) {
  VERGE_TRY(const auto* o, op.options<schema::BidirectionalSequenceLSTMOptions>());
  const LstmOptions options{o->fused_activation_function(), o->cell_clip(), o->proj_clip(), o->time_major()};
  const Places forward{.h = 35, .c = 36}, backward{.w = 18, .r = 22, .peephole = 26, .bias = 29, .projection = 33, .h = 37, .c = 38};
  VERGE_CHECK(refuse_auxiliary(op, 39));
  VERGE_CHECK(refuse_rare_forms(op, forward, options));
  VERGE_CHECK(refuse_rare_forms(op, backward, options));
  if (op.type(size_t{0}).quantized()) return op.refuse("a quantised bidirectional LSTM has no translation", "keep it in float when quantising");
  VERGE_TRY(const ValueId f, real_lstm(op, forward, options, false));
  VERGE_TRY(const ValueId b, real_lstm(op, backward, options, true));
  return set_both(op, f, b, o->merge_outputs());
}

Result<void> sequence_rnn(Op& op) {
  VERGE_TRY(const auto* o, op.options<schema::SequenceRNNOptions>());
  if (op.type(size_t{0}).quantized()) return op.refuse("a quantised RNN has no translation", "keep it in float when quantising");
  VERGE_TRY(const ValueId y, real_rnn(op, 1, 4, o->fused_activation_function(), o->time_major(), false));
  return op.set(0, y);
}

Result<void> one_step_rnn(Op& op) {
  VERGE_TRY(const auto* o, op.options<schema::RNNOptions>());
  if (op.type(size_t{0}).quantized()) return op.refuse("a quantised RNN has no translation", "keep it in float when quantising");
  VERGE_TRY(const ValueId y, real_rnn(op, 1, 4, o->fused_activation_function(), false, false));
  return op.set(0, y);
}

Result<void> both_ways_rnn(Op& op) {
  VERGE_TRY(const auto* o, op.options<schema::BidirectionalSequenceRNNOptions>());
  VERGE_CHECK(refuse_auxiliary(op, 9));
  if (op.type(size_t{0}).quantized()) return op.refuse("a quantised bidirectional RNN has no translation", "keep it in float when quantising");
  VERGE_TRY(const ValueId f, real_rnn(op, 1, 4, o->fused_activation_function(), o->time_major(), false));
  VERGE_TRY(const ValueId b, real_rnn(op, 5, 8, o->fused_activation_function(), o->time_major(), true));
  return set_both(op, f, b, o->merge_outputs());
}

// Each filter projects x to a number, and weighs the last `memory` of them; `rank` filters make a unit.
Result<void> svdf(Op& op) {
  VERGE_TRY(const auto* o, op.options<schema::SVDFOptions>());
  if (op.type(size_t{0}).quantized()) return op.refuse("a quantised SVDF has no translation", "keep it in float when quantising");
  VERGE_TRY(const ValueId feature, op.weights(1));
  VERGE_TRY(const ValueId weights_time, op.weights(2));
  const TensorType x = op.type(size_t{0}), f = op.type(feature), time = op.type(weights_time);
  if (!x.is_static() || x.rank() != 2 || !f.is_static() || f.rank() != 2 || !time.is_static() || time.rank() != 2 || o->rank() < 1 || f.dims[0].size % o->rank() != 0)
    return corrupt("x " + x.text() + ", weights " + f.text() + " and " + time.text() + " of rank " + std::to_string(o->rank()));
  const int64_t batch = x.dims[0].size, filters = f.dims[0].size, memory = time.dims[1].size;
  VERGE_TRY(const ValueId newest, op.add("dense", {op.in(0), feature}));
  VERGE_TRY(const ValueId column, reshaped(op, newest, {batch, filters, 1}));
  VERGE_TRY(const ValueId before, reshaped(op, op.in(4), {batch, filters, memory}));
  VERGE_TRY(const ValueId kept, op.add("slice", {before}, {{"starts", Ints{1}}, {"ends", Ints{memory}}, {"axes", Ints{2}}, {"steps", Ints{1}}}));
  VERGE_TRY(const ValueId state, op.add("concat", {kept, column}, {{"axis", int64_t{2}}}));
  VERGE_CHECK(keep_state(op, 4, state));
  VERGE_TRY(const ValueId weighed, op.add("mul", {state, weights_time}));
  VERGE_TRY(const ValueId units, reshaped(op, weighed, {batch, filters / o->rank(), o->rank() * memory}));
  const Attrs sum{{"axes", Ints{2}}, {"keepdims", int64_t{0}}};
  if (!op.has(3)) return op.result_activated("reduce_sum", {units}, sum, o->fused_activation_function());
  VERGE_TRY(const ValueId summed, op.add("reduce_sum", {units}, sum));
  return op.result_activated("add", {summed, op.in(3)}, {}, o->fused_activation_function());
}

}  // namespace verge::formats::tflite::builtins
