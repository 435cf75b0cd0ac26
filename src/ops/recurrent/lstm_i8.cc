// A layer of LSTM in integers, as TensorFlow Lite's kernels for int8 activations and int16 cells compute it (kernels/lstm_i8/lstm_i8.h has the formulas).
//
//   in: x i8 [batch, time, inputs], w i8 [4 cells, inputs], r i8 [4 cells, cells], bias i32 [4 cells], h i8 [batch, cells], c i16 [batch, cells]
//   out: y i8 [batch, time, cells], h, c
//   attributes: hidden_scale, hidden_zero_point of y; cell_clip (0: none); coupled = 1 where the input gate is what the forget gate leaves; backward
//
// Gates in the order input, forget, cell, output; each row of w and r has its scale. x, h, c and y carry their quantisation; c's scale is a power of two.
#include <algorithm>
#include <cmath>

#include "kernels/lstm_i8/lstm_i8.h"
#include "kernels/requant/scales.h"
#include "ops/op.h"
#include "ops/quantized.h"
#include "ops/recurrent/lstm_i8_attrs.h"

namespace verge::ops {
namespace {

enum Input : size_t { kX, kW, kR, kBias, kH, kC };

constexpr double kGateScale = 0x1p-12;

Result<void> infer(InferContext& c) {
  const TensorType &x = c.in(kX), &w = c.in(kW), &r = c.in(kR);
  if (!x.is_static() || !w.is_static() || !r.is_static()) return done();
  if (x.rank() != 3 || w.rank() != 2 || r.rank() != 2) return invalid("x is " + x.text() + ", w " + w.text() + ", r " + r.text() + "; want ranks 3, 2, 2");
  const int64_t cells = r.dims[1].size;
  if (r.dims[0].size != kLstmGates * cells || w.dims[0].size != kLstmGates * cells || w.dims[1].size != x.dims[2].size)
    return invalid("w is " + w.text() + " and r " + r.text() + " for x " + x.text() + "; want four gates of " + std::to_string(cells) + " cells");
  c.out[0] = TensorType(DataType::kI8, std::vector<Dim>{x.dims[0], x.dims[1], cells});
  c.out[1] = TensorType(DataType::kI8, std::vector<Dim>{x.dims[0], cells});
  c.out[2] = TensorType(DataType::kI16, std::vector<Dim>{x.dims[0], cells});
  return done();
}

Cost cost(const Graph& graph, const Node& node) {
  const TensorType &x = graph.type(node.input(kX)), &w = graph.type(node.input(kW)), &r = graph.type(node.input(kR));
  if (!x.is_static() || !w.is_static() || !r.is_static()) return {};
  Cost cost;
  cost.macs = x.shape().count(0, 2) * (w.shape().count() + r.shape().count());
  cost.weight_bytes = w.shape().count() + r.shape().count();
  cost.activation_bytes = x.shape().count();
  return cost;
}

// The float products and quotients of TensorFlow Lite's preparation.
Multiplier gate_multiplier(float weight_scale, float activation_scale) {
  return quantize_multiplier(static_cast<double>(weight_scale * activation_scale / static_cast<float>(kGateScale)));
}

Multiplier hidden_multiplier(float hidden_scale) { return quantize_multiplier(static_cast<double>(static_cast<float>(0x1p-15 / static_cast<double>(hidden_scale) * 0x1p-15))); }

struct Quants {
  QuantParams x, w, r, h, c;
};

Result<exec::LstmI8Attrs> attrs_of(const Node& node, const Quants& q) {
  const double cell_log2 = std::log2(static_cast<double>(scale(q.c)));
  if (cell_log2 != std::round(cell_log2) || cell_log2 > -9 || cell_log2 < -15)
    return unsupported("the cell state has scale " + std::to_string(scale(q.c)) + "; powers of two from 2^-15 to 2^-9 are supported");
  exec::LstmI8Attrs a;
  a.cell_bits = static_cast<int32_t>(-cell_log2);
  const size_t cells = q.w.scale.size() / kLstmGates;
  for (int g = 0; g < kLstmGates; ++g) {
    const Multiplier in = gate_multiplier(scale(q.w, static_cast<size_t>(g) * cells), scale(q.x)), back = gate_multiplier(scale(q.r, static_cast<size_t>(g) * cells), scale(q.h));
    a.input_multiplier[g] = in.multiplier, a.input_shift[g] = in.shift;
    a.recurrent_multiplier[g] = back.multiplier, a.recurrent_shift[g] = back.shift;
  }
  const Multiplier hidden = hidden_multiplier(static_cast<float>(node.real("hidden_scale", 1)));
  a.hidden_multiplier = hidden.multiplier, a.hidden_shift = hidden.shift;
  a.hidden_zero_point = static_cast<int32_t>(node.integer("hidden_zero_point"));
  const float clip = static_cast<float>(node.real("cell_clip"));
  if (clip > 0) a.cell_clip = static_cast<int32_t>(std::fmin(clip / scale(q.c), 32767.0f));
  a.coupled = node.integer("coupled") != 0;
  a.backward = node.integer("backward") != 0;
  return a;
}

// Both biases with the zero points of what they are added to.
Tensor folded_biases(const Tensor& w, const Tensor& r, const Tensor& bias, int32_t x_zero_point, int32_t h_zero_point) {
  const int32_t rows = w.shape()[0];
  Tensor out(DataType::kI32, {2, rows});
  const auto fold = [&](const Tensor& m, int32_t zero_point, const int32_t* from, int32_t* to) {
    const int32_t columns = m.shape()[1];
    for (int32_t i = 0; i < rows; ++i) {
      int64_t sum = from ? from[i] : 0;
      for (int32_t j = 0; j < columns; ++j) sum -= int64_t{zero_point} * m.values<int8_t>()[static_cast<size_t>(i) * static_cast<size_t>(columns) + static_cast<size_t>(j)];
      to[i] = static_cast<int32_t>(static_cast<uint32_t>(sum));
    }
  };
  fold(w, x_zero_point, bias.values<int32_t>().data(), out.mut<int32_t>().data());
  fold(r, h_zero_point, nullptr, out.mut<int32_t>().data() + rows);
  return out;
}

// Steps of one sequence after the other, in the kernel's own arithmetic: it has one meaning, and its test an oracle of its own.
Result<void> reference(ReferenceContext& c) {
  const Tensor &x = c.in[kX], &w = c.in[kW], &r = c.in[kR];
  VERGE_TRY(const exec::LstmI8Attrs a, attrs_of(c.node, {x.quant(), w.quant(), r.quant(), c.in[kH].quant(), c.in[kC].quant()}));
  const Tensor biases = folded_biases(w, r, c.in[kBias], zero_point(x.quant()), zero_point(c.in[kH].quant()));
  const auto batch = static_cast<size_t>(x.shape()[0]), time = static_cast<size_t>(x.shape()[1]), cells = static_cast<size_t>(r.shape()[1]);
  LstmI8 lstm;
  lstm.inputs = static_cast<size_t>(x.shape()[2]);
  lstm.cells = cells;
  lstm.w = w.values<int8_t>().data(), lstm.r = r.values<int8_t>().data();
  lstm.bias = biases.values<int32_t>().data(), lstm.r_bias = lstm.bias + kLstmGates * cells;
  for (int g = 0; g < kLstmGates; ++g) {
    lstm.input[g] = {a.input_multiplier[g], a.input_shift[g]};
    lstm.recurrent[g] = {a.recurrent_multiplier[g], a.recurrent_shift[g]};
  }
  lstm.hidden = {a.hidden_multiplier, a.hidden_shift};
  lstm.h_zero_point = a.hidden_zero_point, lstm.cell_bits = a.cell_bits, lstm.cell_clip = a.cell_clip, lstm.coupled = a.coupled != 0;
  std::vector<int16_t> gates(kLstmGates * cells);
  std::copy(c.in[kH].bytes().begin(), c.in[kH].bytes().end(), c.out[1].data());
  std::copy(c.in[kC].bytes().begin(), c.in[kC].bytes().end(), c.out[2].data());
  for (size_t b = 0; b < batch; ++b)
    for (size_t step = 0; step < time; ++step) {
      const size_t at = b * time + (a.backward ? time - 1 - step : step);
      int8_t* h = c.out[1].mut<int8_t>().data() + b * cells;
      lstm_i8_step(lstm, x.values<int8_t>().data() + at * lstm.inputs, h, c.out[2].mut<int16_t>().data() + b * cells, gates.data());
      std::copy_n(h, cells, c.out[0].mut<int8_t>().data() + at * cells);
    }
  return done();
}

Result<void> lower(const Node& node, Emitter& emitter) {
  const Graph& g = emitter.graph();
  const Tensor *w = g.constant(node.input(kW)), *r = g.constant(node.input(kR)), *bias = g.constant(node.input(kBias));
  if (!w || !r || !bias) return unsupported("weights that are computed at run time; they must be constant");
  const QuantParams &x = g.type(node.input(kX)).quant, &h = g.type(node.input(kH)).quant;
  VERGE_TRY(const exec::LstmI8Attrs attrs, attrs_of(node, {x, w->quant(), r->quant(), h, g.type(node.input(kC)).quant}));
  const TensorRef biases = emitter.constant(folded_biases(*w, *r, *bias, zero_point(x), zero_point(h)), node.name + ".bias");
  emitter.emit(exec::Op::lstm_i8,
               {emitter.tensor(node.input(kX)), emitter.tensor(node.input(kW)), emitter.tensor(node.input(kR)), biases, emitter.tensor(node.input(kH)), emitter.tensor(node.input(kC))},
               {emitter.tensor(node.output(0)), emitter.tensor(node.output(1)), emitter.tensor(node.output(2))}, attrs,
               emitter.scratch(static_cast<size_t>(w->shape()[0]) * sizeof(int16_t)));
  return done();
}

}  // namespace

VERGE_OP_METHODS(lstm_i8) = {.infer = infer, .cost = cost, .reference = reference, .lower = lower};

}  // namespace verge::ops
