#include <algorithm>
#include <cmath>

#include "kernels/elementwise/unary_f32.h"
#include "ops/recurrent/recurrent.h"
#include "ops/reference_tools.h"

namespace verge::ops {
namespace {

using exec::Cell;
using Row = std::vector<double>;

// The functions of unary.inc that gates use, in double.
double value_of(UnaryF32 f, double x, double a, double b) {
  switch (f) {
    case UnaryF32::kSigmoid: return 1 / (1 + std::exp(-x));
    case UnaryF32::kTanh: return std::tanh(x);
    case UnaryF32::kRelu: return std::max(x, 0.0);
    case UnaryF32::kAffine: return a * x + b;
    case UnaryF32::kLeakyRelu: return x < 0 ? a * x : x;
    case UnaryF32::kThresholdedRelu: return x > a ? x : 0;
    case UnaryF32::kHsigmoid: return std::clamp(a * x + b, 0.0, 1.0);
    case UnaryF32::kElu: return x < 0 ? a * std::expm1(x) : x;
    case UnaryF32::kSoftsign: return x / (1 + std::fabs(x));
    default: return std::max(x, 0.0) + std::log1p(std::exp(-std::fabs(x)));
  }
}

double activated(const exec::GateFunction& f, double x) { return f.out_scale * value_of(static_cast<UnaryF32>(f.function), f.in_scale * x, f.a, f.b); }

// One sequence in one direction, as doubles.
struct Sequence {
  const exec::RecurrentAttrs& a;
  const Row &w, &r, &bias, &p;  // of the direction; bias and p may be empty
  const exec::GateFunction* f;
  Row h, c;

  double of_input(size_t j, const Row& x) const {
    double sum = bias.empty() ? 0 : bias[j];
    for (size_t i = 0; i < x.size(); ++i) sum += w[j * x.size() + i] * x[i];
    return sum;
  }
  double of_state(size_t j, const Row& state) const {
    double sum = bias.empty() ? 0 : bias[bias.size() / 2 + j];
    for (size_t i = 0; i < state.size(); ++i) sum += r[j * state.size() + i] * state[i];
    return sum;
  }
  double clipped(double x) const { return std::clamp(x, -static_cast<double>(a.clip), static_cast<double>(a.clip)); }
  double peephole(size_t gate, size_t i, const Row& cell) const { return p.empty() ? 0 : p[gate * h.size() + i] * cell[i]; }

  void step(const Row& x) {
    if (a.cell == Cell::kRnn) rnn(x);
    if (a.cell == Cell::kGru) gru(x);
    if (a.cell == Cell::kLstm) lstm(x);
  }
  void rnn(const Row& x) {
    const Row before = h;
    for (size_t i = 0; i < h.size(); ++i) h[i] = activated(f[0], clipped(of_input(i, x) + of_state(i, before)));
  }
  void gru(const Row& x) {
    const size_t n = h.size();
    Row z(n), reset(n), scaled(n), next(n);
    for (size_t i = 0; i < n; ++i) {
      z[i] = activated(f[0], clipped(of_input(i, x) + of_state(i, h)));
      reset[i] = activated(f[0], clipped(of_input(n + i, x) + of_state(n + i, h)));
      scaled[i] = reset[i] * h[i];
    }
    for (size_t i = 0; i < n; ++i) {
      const double recurrent = a.linear_before_reset ? reset[i] * of_state(2 * n + i, h) : of_state(2 * n + i, scaled);
      next[i] = (1 - z[i]) * activated(f[1], clipped(of_input(2 * n + i, x) + recurrent)) + z[i] * h[i];
    }
    h = next;
  }
  void lstm(const Row& x) {
    const size_t n = h.size();
    Row cell(n), hidden(n);
    const auto sum = [&](size_t gate, size_t i) { return of_input(gate * n + i, x) + of_state(gate * n + i, h); };
    for (size_t i = 0; i < n; ++i) {
      const double input = activated(f[0], clipped(sum(0, i) + peephole(0, i, c)));
      const double forget = a.input_forget ? 1 - input : activated(f[0], clipped(sum(2, i) + peephole(2, i, c)));
      cell[i] = std::clamp(forget * c[i] + input * activated(f[1], clipped(sum(3, i))), -static_cast<double>(a.cell_clip), static_cast<double>(a.cell_clip));
    }
    for (size_t i = 0; i < n; ++i) hidden[i] = activated(f[0], clipped(sum(1, i) + peephole(1, i, cell))) * activated(f[2], cell[i]);
    h = hidden;
    c = cell;
  }
};

Row part(const Tensor& t, int64_t index, int64_t count) {
  Row out;
  for (int64_t i = 0; t.dtype() != DataType::kNone && i < count; ++i) out.push_back(t.at(index * count + i));
  return out;
}

// The attributes of the node as its tensors stand.
Result<exec::RecurrentAttrs> attrs_of(const ReferenceContext& c) {
  Graph graph;
  NewNode node{c.node.op, {}, c.node.attrs, c.node.name, c.out.size(), {}};
  for (const Tensor& t : c.in) node.inputs.push_back(t.dtype() == DataType::kNone ? ValueId{} : graph.add_constant(t));
  return recurrent_attrs(graph, graph.node(graph.add_node(std::move(node))));
}

}  // namespace

Result<void> reference_recurrent(ReferenceContext& c) {
  VERGE_TRY(const exec::RecurrentAttrs a, attrs_of(c));
  const auto input = [&](size_t i) { return i < c.in.size() ? c.in[i] : Tensor(); };
  const int64_t gates = a.gates(), h = a.hidden, inputs = c.in[0].shape()[2];
  for (int64_t d = 0; d < a.directions; ++d) {
    const Row w = part(c.in[1], d, gates * h * inputs), r = part(c.in[2], d, gates * h * h), bias = part(input(3), d, 2 * gates * h), p = part(input(7), d, 3 * h);
    for (int64_t b = 0; b < a.batch; ++b) {
      const int64_t state = a.batch_major ? b * a.directions + d : d * a.batch + b;
      Sequence s{a, w, r, bias, p, a.functions[d], part(input(5), state, h), part(input(6), state, h)};
      s.h.resize(h), s.c.resize(h);
      const int64_t length = input(4).dtype() == DataType::kNone ? a.steps : std::clamp<int64_t>(static_cast<int64_t>(input(4).at(b)), 0, a.steps);
      for (int64_t i = 0; i < length; ++i) {
        const int64_t t = d == 1 || a.reverse ? length - 1 - i : i;
        s.step(part(c.in[0], a.batch_major ? b * a.steps + t : t * a.batch + b, inputs));
        const int64_t row = a.batch_major ? (b * a.steps + t) * a.directions + d : (t * a.directions + d) * a.batch + b;
        for (int64_t j = 0; j < h; ++j) c.out[0].mut<float>()[row * h + j] = static_cast<float>(s.h[j]);
      }
      for (int64_t j = 0; j < h; ++j) {
        c.out[1].mut<float>()[state * h + j] = static_cast<float>(s.h[j]);
        if (c.out.size() > 2) c.out[2].mut<float>()[state * h + j] = static_cast<float>(s.c[j]);
      }
    }
  }
  return done();
}

}  // namespace verge::ops
