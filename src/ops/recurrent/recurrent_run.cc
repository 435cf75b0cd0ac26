#include <algorithm>
#include <cmath>

#include "exec/checks.h"
#include "exec/op_codes.h"
#include "exec/reals.h"
#include "kernels/elementwise/unary_f32.h"
#include "kernels/gates/gates_f32.h"
#include "kernels/gemm/conv_f32.h"
#include "kernels/gemm/pack_f32.h"
#include "ops/product_i8_attrs.h"
#include "ops/recurrent/recurrent_attrs.h"

namespace verge::exec {
namespace {

constexpr uint32_t kFunctions = 0
#define VERGE_UNARY(...) +1
#include "kernels/elementwise/unary.inc"
#undef VERGE_UNARY
    ;

constexpr int kGates = 0, kWeights = 1, kBias = 2, kLengths = 3, kFirstState = 4, kFirstCell = 5, kPeepholes = 6;

size_t matrix_size(size_t n, size_t k, bool halves) { return halves ? packed_weights_bf16_size(n, k) : packed_weights_f32_size(n, 1, k); }

// Packed elements of one direction.
size_t weights_size(const RecurrentAttrs& a, bool halves) {
  const auto h = static_cast<size_t>(a.hidden);
  if (a.cell == Cell::kGru) return matrix_size(2 * h, h, halves) + matrix_size(h, h, halves);
  return matrix_size(static_cast<size_t>(a.gates()) * h, h, halves);
}
size_t bias_floats(const RecurrentAttrs& a) {
  const auto h = static_cast<size_t>(a.hidden);
  return a.cell == Cell::kGru ? packed_bias_f32_size(2 * h) + packed_bias_f32_size(h) : packed_bias_f32_size(static_cast<size_t>(a.gates()) * h);
}

bool sizes_fit(const RecurrentAttrs& a) {
  constexpr int32_t kMost = 1 << 20;
  for (int32_t n : {a.steps, a.batch, a.hidden})
    if (n < 1 || n > kMost) return false;
  return a.directions >= 1 && a.directions <= 2 && a.cell <= Cell::kLstm && a.clip > 0 && a.cell_clip > 0 && int64_t{a.steps} * a.batch <= INT32_MAX / 4;
}

bool functions_fit(const RecurrentAttrs& a) {
  for (const auto& direction : a.functions)
    for (const GateFunction& f : direction)
      if (f.function >= kFunctions) return false;
  return true;
}

bool absent_or(const rt::Instruction& in, int i, DataType dtype, int64_t count) { return !in.has(i) || (in.in(i).dtype == dtype && in.in(i).shape.count() == count); }

Reals weights_of(const rt::Instruction& in) { return reals(in.in(kWeights)); }

// One direction of one run.
class Direction {
 public:
  Direction(const rt::Instruction& in, const rt::RunEnv& env, int32_t d)
      : in_(in), env_(env), a_(*in.attrs_as<RecurrentAttrs>()), d_(d), reverse_(d == 1 || a_.reverse), h_(static_cast<size_t>(a_.hidden)),
        width_(h_ * static_cast<size_t>(a_.gates())) {
    gates_ = reinterpret_cast<float*>(in.scratch()->mut<uint8_t>() + (weights_of(in).half ? recurrent_bf16_bytes(a_) : 0));
    scaled_ = gates_ + static_cast<size_t>(a_.batch) * width_;
    temporary_ = scaled_ + static_cast<size_t>(a_.batch) * h_;
    weights_ = weights_of(in).from(static_cast<size_t>(d) * weights_size(a_, weights_of(in).half));
    bias_ = in.in(kBias).as<float>() + static_cast<size_t>(d) * bias_floats(a_);
    if (is_standard()) standard_ = a_.cell == Cell::kLstm ? pick_gates_f32().lstm : pick_gates_f32().gru;
  }

  void run() {
    start(kFirstState, 1);
    if (a_.cell == Cell::kLstm) start(kFirstCell, 2);
    for (int32_t step = 0; step < a_.steps; ++step) {
      const size_t first = a_.cell == Cell::kGru ? 2 * h_ : width_;
      product(state(1, 0), state_step(), weights_, bias_, first, gates_, width_);
      if (a_.cell == Cell::kGru) candidate(step);
      for (int32_t b = 0; b < a_.batch; ++b) advance(step, b);
    }
  }

 private:
  size_t state_step() const { return a_.batch_major ? static_cast<size_t>(a_.directions) * h_ : h_; }
  float* state(int output, int32_t b) const {
    const size_t first = a_.batch_major ? h_ : static_cast<size_t>(a_.batch) * h_;
    return in_.out(output).mut<float>() + static_cast<size_t>(d_) * first + static_cast<size_t>(b) * state_step();
  }

  // The state of every sequence before its first step.
  void start(int input, int output) const {
    for (int32_t b = 0; b < a_.batch; ++b) {
      float* to = state(output, b);
      const float* from = in_.has(input) ? in_.in(input).as<float>() + (to - in_.out(output).as<float>()) : nullptr;
      for (size_t i = 0; i < h_; ++i) to[i] = from ? from[i] : 0;
    }
  }

  int32_t length(int32_t b) const {
    return in_.has(kLengths) ? std::clamp(in_.in(kLengths).as<int32_t>()[b], 0, a_.steps) : a_.steps;
  }
  // Which element of the sequence is read and written at `step`; negative: it has ended.
  int32_t time_of(int32_t step, int32_t b) const {
    if (step >= length(b)) return -1;
    return reverse_ ? length(b) - 1 - step : step;
  }
  size_t row_of(int32_t time, int32_t b) const {
    return a_.batch_major ? static_cast<size_t>(b) * static_cast<size_t>(a_.steps) + static_cast<size_t>(time)
                          : static_cast<size_t>(time) * static_cast<size_t>(a_.batch) + static_cast<size_t>(b);
  }
  const float* gates_of_input(int32_t time, int32_t b) const {
    return in_.in(kGates).as<float>() + (row_of(time, b) * static_cast<size_t>(a_.directions) + static_cast<size_t>(d_)) * width_;
  }
  float* y(int32_t time, int32_t b) const {
    const auto batch = static_cast<size_t>(a_.batch), dirs = static_cast<size_t>(a_.directions), d = static_cast<size_t>(d_);
    const size_t row = a_.batch_major ? row_of(time, b) * dirs + d : (static_cast<size_t>(time) * dirs + d) * batch + static_cast<size_t>(b);
    return in_.out(0).mut<float>() + row * h_;
  }

  void product_bf16(const float* x, size_t x_step, Reals weights, const float* bias, size_t n, float* to, size_t to_step) const {
    ConvBf16 conv;
    conv.geometry = state_geometry(a_, n);
    conv.input = {x, false};
    conv.input_step = x_step;
    conv.weights = weights.as<uint16_t>();
    conv.bias = bias;
    conv.output = {to, false};
    conv.output_step = to_step;
    for (size_t block = 0, blocks = conv_bf16_blocks(conv, 1); block < blocks; ++block) conv_bf16_block(conv, 1, block, in_.scratch()->data);
  }

  // One sequence: a product too small to be divided.
  void product_of_row(const float* x, const float* weights, const float* bias, size_t n, float* to) const {
    IgemmF32 args;
    args.rows = &x;
    args.k = h_;
    args.weights = weights;
    args.panel_step = kPanelF32 * h_;
    args.bias = bias;
    args.output = to;
    args.output_step = n;
    args.clamp = {-INFINITY, INFINITY};
    pick_igemm_f32()(1, n, args);
  }

  // to[b, :n] = x[b, :hidden] times packed weights plus bias, for every sequence.
  void product(const float* x, size_t x_step, Reals weights, const float* bias, size_t n, float* to, size_t to_step) const {
    constexpr size_t kUndivided = 256 * 1024;  // of weights
    if (weights.half) return product_bf16(x, x_step, weights, bias, n, to, to_step);
    if (a_.batch == 1 && n * h_ <= kUndivided) return product_of_row(x, weights.as<float>(), bias, n, to);
    ConvF32 conv;
    conv.geometry = state_geometry(a_, n);
    conv.input = x;
    conv.input_step = x_step;
    conv.weights = weights.as<float>();
    conv.bias = bias;
    conv.output = to;
    conv.output_step = to_step;
    conv.clamp = {-INFINITY, INFINITY};
    conv.any_order = env_.any_order;
    env_.parallel.each(conv_f32_blocks(conv, env_.parallel.threads), [&](size_t block) { conv_f32_block(conv, env_.parallel.threads, block); });
  }

  void apply(int which, size_t n, float* x) const {
    const GateFunction& f = a_.functions[d_][which];
    for (size_t i = 0; f.in_scale != 1 && i < n; ++i) x[i] *= f.in_scale;
    pick_unary_f32(static_cast<UnaryF32>(f.function))(n, x, x, {f.a, f.b});
    for (size_t i = 0; f.out_scale != 1 && i < n; ++i) x[i] *= f.out_scale;
  }
  static float bounded(float x, float most) { return x > most ? most : x < -most ? -most : x; }
  float clipped(float x) const { return bounded(x, a_.clip); }
  void add_clipped(size_t n, const float* x, float* sum) const {
    for (size_t i = 0; i < n; ++i) sum[i] = clipped(sum[i] + x[i]);
  }

  bool applies(int which, UnaryF32 function) const {
    const GateFunction& f = a_.functions[d_][which];
    return f.function == static_cast<uint32_t>(function) && f.in_scale == 1 && f.out_scale == 1;
  }
  // What kernels/gates computes.
  bool is_standard() const {
    const bool lstm = a_.cell == Cell::kLstm, gru = a_.cell == Cell::kGru && a_.linear_before_reset;
    if ((!lstm && !gru) || std::isfinite(a_.clip) || in_.has(kPeepholes)) return false;
    if (!applies(0, UnaryF32::kSigmoid) || !applies(1, UnaryF32::kTanh)) return false;
    return gru || (applies(2, UnaryF32::kTanh) && !a_.input_forget && !std::isfinite(a_.cell_clip));
  }

  // The gru's first two gates, and the recurrent half of its third.
  void candidate(int32_t step) const {
    if (standard_) return product(state(1, 0), state_step(), weights_.from(matrix_size(2 * h_, h_, weights_.half)), bias_ + packed_bias_f32_size(2 * h_), h_, gates_ + 2 * h_, width_);
    for (int32_t b = 0; b < a_.batch; ++b) {
      const int32_t time = time_of(step, b);
      float *g = gates_ + static_cast<size_t>(b) * width_, *scaled = scaled_ + static_cast<size_t>(b) * h_;
      const float* h = state(1, b);
      if (time >= 0) add_clipped(2 * h_, gates_of_input(time, b), g);
      apply(0, 2 * h_, g);
      for (size_t i = 0; i < h_; ++i) scaled[i] = a_.linear_before_reset ? h[i] : h[i] * g[h_ + i];
    }
    product(scaled_, h_, weights_.from(matrix_size(2 * h_, h_, weights_.half)), bias_ + packed_bias_f32_size(2 * h_), h_, gates_ + 2 * h_, width_);
  }

  void advance(int32_t step, int32_t b) const {
    const int32_t time = time_of(step, b);
    if (time < 0) {
      std::fill_n(y(step, b), h_, 0.0f);
      return;
    }
    float *g = gates_ + static_cast<size_t>(b) * width_, *h = state(1, b);
    const float* x = gates_of_input(time, b);
    if (standard_) return standard_({g, x, h, a_.cell == Cell::kLstm ? state(2, b) : nullptr, y(time, b), h_});
    if (a_.cell == Cell::kLstm) lstm(g, x, h, state(2, b));
    if (a_.cell == Cell::kGru) gru(g, x, h);
    if (a_.cell == Cell::kRnn) rnn(g, x, h);
    std::copy_n(h, h_, y(time, b));
  }

  void rnn(float* g, const float* x, float* h) const {
    add_clipped(h_, x, g);
    apply(0, h_, g);
    std::copy_n(g, h_, h);
  }

  void gru(float* g, const float* x, float* h) const {
    const float *z = g, *r = g + h_;
    float* n = g + 2 * h_;
    for (size_t i = 0; a_.linear_before_reset && i < h_; ++i) n[i] *= r[i];
    add_clipped(h_, x + 2 * h_, n);
    apply(1, h_, n);
    for (size_t i = 0; i < h_; ++i) h[i] = (1 - z[i]) * n[i] + z[i] * h[i];
  }

  void add_peephole(int which, const float* c, float* gate) const {
    if (!in_.has(kPeepholes)) return;
    const float* p = in_.in(kPeepholes).as<float>() + (static_cast<size_t>(d_) * 3 + static_cast<size_t>(which)) * h_;
    for (size_t i = 0; i < h_; ++i) gate[i] += p[i] * c[i];
  }

  void lstm(float* g, const float* x, float* h, float* c) const {
    float *input = g, *output = g + h_, *forget = g + 2 * h_, *cell = g + 3 * h_;
    add_peephole(0, c, input);
    add_peephole(2, c, forget);
    add_clipped(h_, x, input);
    add_clipped(2 * h_, x + 2 * h_, forget);  // and the cell behind it
    apply(0, h_, input);
    apply(0, h_, forget);
    apply(1, h_, cell);
    for (size_t i = 0; a_.input_forget && i < h_; ++i) forget[i] = 1 - input[i];
    for (size_t i = 0; i < h_; ++i) c[i] = bounded(forget[i] * c[i] + input[i] * cell[i], a_.cell_clip);
    add_peephole(1, c, output);
    add_clipped(h_, x + h_, output);
    apply(0, h_, output);
    std::copy_n(c, h_, temporary_);
    apply(2, h_, temporary_);
    for (size_t i = 0; i < h_; ++i) h[i] = output[i] * temporary_[i];
  }

  const rt::Instruction& in_;
  const rt::RunEnv& env_;
  const RecurrentAttrs& a_;
  int32_t d_;
  bool reverse_;
  size_t h_, width_;
  float *gates_, *scaled_, *temporary_;
  Reals weights_;
  const float* bias_;
  void (*standard_)(const GatesF32& args) = nullptr;
};

}  // namespace

Status check_recurrent_f32(const rt::Instruction& in) {
  const auto* a = in.attrs_as<RecurrentAttrs>();
  VERGE_REQUIRE(a && sizes_fit(*a) && functions_fit(*a) && in.in_count == 7, Code::kCorrupt);
  VERGE_REQUIRE(in.has(kGates) && in.has(kWeights) && in.has(kBias) && in.out_count == (a->cell == Cell::kLstm ? 3 : 2), Code::kCorrupt);
  const int64_t state = int64_t{a->directions} * a->batch * a->hidden;
  VERGE_REQUIRE(state <= INT32_MAX && in.out(0).shape.count() / a->steps == state && in.out(0).shape.count() % a->steps == 0, Code::kCorrupt);
  VERGE_REQUIRE(holds(in.in(kGates), DataType::kF32, static_cast<uint64_t>(state) * static_cast<uint64_t>(a->steps) * static_cast<uint64_t>(a->gates())), Code::kCorrupt);
  const bool halves = weights_of(in).half;
  VERGE_REQUIRE(holds(in.in(kWeights), halves ? DataType::kBF16 : DataType::kF32, static_cast<uint64_t>(a->directions) * weights_size(*a, halves)), Code::kCorrupt);
  VERGE_REQUIRE(!halves || (conv_bf16_fits(state_geometry(*a, static_cast<size_t>(a->gates()) * static_cast<size_t>(a->hidden))) && in.scratch() && lies_at_lines(*in.scratch())), Code::kCorrupt);
  VERGE_REQUIRE(holds(in.in(kBias), DataType::kF32, static_cast<uint64_t>(a->directions) * bias_floats(*a)), Code::kCorrupt);
  VERGE_REQUIRE(absent_or(in, kLengths, DataType::kI32, a->batch) && absent_or(in, kFirstState, DataType::kF32, state), Code::kCorrupt);
  VERGE_REQUIRE(absent_or(in, kFirstCell, DataType::kF32, state) && absent_or(in, kPeepholes, DataType::kF32, int64_t{a->directions} * 3 * a->hidden), Code::kCorrupt);
  for (int i = 0; i < in.out_count; ++i) VERGE_REQUIRE(holds(in.out(i), DataType::kF32, static_cast<uint64_t>(state)), Code::kCorrupt);
  VERGE_REQUIRE(in.scratch_bytes() >= a->scratch_floats() * sizeof(float) + (halves ? recurrent_bf16_bytes(*a) : 0), Code::kCorrupt);
  return {};
}

Status run_recurrent_f32(const rt::Instruction& in, const rt::RunEnv& env) {
  for (int32_t d = 0; d < in.attrs_as<RecurrentAttrs>()->directions; ++d) Direction(in, env, d).run();
  return {};
}

}  // namespace verge::exec
