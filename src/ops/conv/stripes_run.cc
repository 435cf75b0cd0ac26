#include <cstring>

#include "exec/checks.h"
#include "exec/op_codes.h"
#include "exec/thread_slots.h"
#include "kernels/depthwise/depthwise_f32.h"
#include "kernels/gemm/conv_f32.h"
#include "kernels/gemm/pack_f32.h"
#include "ops/conv/stripes_attrs.h"

namespace verge::exec {
namespace {

constexpr int32_t kFunctions = 0
#define VERGE_UNARY(...) +1
#include "kernels/elementwise/unary.inc"
#undef VERGE_UNARY
    ;

Shape shape_of(const StripeStep& s) { return {1, s.out_h, s.out_w, s.out_c}; }

int weights_at(int32_t step) { return 1 + 2 * step; }
int residual_at(const StripesF32Attrs& a) { return 1 + 2 * a.steps; }

// The geometry, each output seeing at least a line of the input, and packed weights and biases.
Status check_step(const StripeStep& s, const Shape& x, const TensorView& weights, const TensorView& bias) {
  const Shape y = shape_of(s);
  const WindowAttrs& w = s.window;
  VERGE_RETURN_IF_BAD(check_geometry(w, s.groups, x, y));
  VERGE_REQUIRE(w.pad_top >= 0 && w.pad_top <= (w.kernel_h - 1) * w.dilation_h && (y[1] - 1) * w.stride_h - w.pad_top < x[1], Code::kCorrupt);
  VERGE_REQUIRE(s.function >= kNoFunction && s.function < kFunctions, Code::kCorrupt);
  const ConvGeometry g = make_geometry(w, s.groups, x, y);
  const size_t groups = static_cast<size_t>(s.groups), channels = static_cast<size_t>(s.out_c);
  VERGE_REQUIRE(!s.depthwise || s.groups == x[3], Code::kCorrupt);
  VERGE_REQUIRE(holds(weights, DataType::kF32, s.depthwise ? packed_depthwise_f32_size(channels, g.taps()) : groups * packed_weights_f32_size(g.group_out(), g.taps(), g.group_in())), Code::kCorrupt);
  VERGE_REQUIRE(holds(bias, DataType::kF32, s.depthwise ? packed_bias_f32_size(channels) : groups * packed_bias_f32_size(g.group_out())), Code::kCorrupt);
  return {};
}

// One part of the output, from its first line to its last, in the scratch of one thread.
class Stripes {
 public:
  Stripes(const rt::Instruction& in, uint8_t* scratch) : in_(in), a_(*in.attrs_as<StripesF32Attrs>()) {
    int64_t floats[kMostStripeSteps];
    stripe_floats(a_, in.in(0).shape[3], floats);
    auto* next = reinterpret_cast<float*>(scratch);
    for (int32_t i = 0; i < a_.steps; ++i) memory_[i] = next, next += floats[i];
    std::memset(memory_[a_.steps - 1], 0, static_cast<size_t>(floats[a_.steps - 1]) * sizeof(float));
  }

  void run(LineRange part) {
    for (int32_t i = 0; i < a_.steps; ++i) held_[i] = {0, 0};
    for (int32_t line = part.begin; line < part.end; line += a_.lines) {
      plan({line, line + a_.lines < part.end ? line + a_.lines : part.end});
      for (int32_t i = 0; i < a_.steps; ++i) compute(i);
    }
  }

 private:
  Shape input_shape(int32_t step) const { return step == 0 ? in_.in(0).shape : shape_of(a_.step[step - 1]); }
  size_t line_floats(int32_t step) const { return static_cast<size_t>(a_.step[step].out_w) * static_cast<size_t>(a_.step[step].out_c); }

  // What each step has to compute for these lines of y. Lines that it computed before and that are read again move to the front of its memory.
  void plan(LineRange lines) {
    todo_[a_.steps - 1] = lines;
    for (int32_t i = a_.steps - 1; i > 0; --i) {
      const LineRange seen = lines_seen(a_.step[i], a_.step[i - 1].out_h, todo_[i]);
      LineRange& held = held_[i - 1];
      const int32_t from = held.end > seen.begin ? held.end : seen.begin;
      if (from > seen.begin && seen.begin > held.begin)
        std::memmove(memory_[i - 1], memory_[i - 1] + static_cast<size_t>(seen.begin - held.begin) * line_floats(i - 1), static_cast<size_t>(from - seen.begin) * line_floats(i - 1) * sizeof(float));
      todo_[i - 1] = {from, seen.end};
      held = seen;
    }
  }

  template <typename Conv> Conv conv_of(int32_t i) const {
    const StripeStep& s = a_.step[i];
    const Shape x = input_shape(i);
    const LineRange todo = todo_[i], seen = lines_seen(s, x[1], todo);
    const size_t line = static_cast<size_t>(x[2]) * static_cast<size_t>(x[3]);
    Conv conv;
    conv.geometry = make_geometry(s.window, s.groups, x, shape_of(s));
    conv.geometry.in_h = seen.size();
    conv.geometry.out_h = todo.size();
    conv.geometry.pad_top = s.window.pad_top + seen.begin - todo.begin * s.window.stride_h;
    conv.input = i == 0 ? in_.in(0).as<float>() + static_cast<size_t>(seen.begin) * line : memory_[i - 1] + static_cast<size_t>(seen.begin - held_[i - 1].begin) * line;
    conv.input_step = static_cast<size_t>(x[3]);
    conv.weights = in_.in(weights_at(i)).as<float>();
    conv.bias = in_.in(weights_at(i) + 1).as<float>();
    conv.zeros = memory_[a_.steps - 1];
    conv.output = i + 1 == a_.steps ? in_.out().mut<float>() + static_cast<size_t>(todo.begin) * line_floats(i) : memory_[i] + static_cast<size_t>(todo.begin - held_[i].begin) * line_floats(i);
    conv.output_step = static_cast<size_t>(s.out_c);
    conv.clamp = {s.clamp_min, s.clamp_max};
    if (s.function != kNoFunction) conv.activation = pick_unary_f32(static_cast<UnaryF32>(s.function));
    conv.activation_params = {s.a, s.b};
    return conv;
  }

  void compute(int32_t i) const {
    if (todo_[i].size() <= 0) return;
    if (a_.step[i].depthwise) {
      const auto conv = conv_of<DepthwiseF32>(i);
      for (size_t block = 0, blocks = depthwise_f32_blocks(conv.geometry, 1); block < blocks; ++block) depthwise_f32_block(conv, 1, block);
      return;
    }
    auto conv = conv_of<ConvF32>(i);
    conv.residual_step = conv.output_step;
    if (i + 1 == a_.steps && in_.has(residual_at(a_))) conv.residual = in_.in(residual_at(a_)).as<float>() + static_cast<size_t>(todo_[i].begin) * line_floats(i);
    for (size_t block = 0, blocks = conv_f32_blocks(conv, 1); block < blocks; ++block) conv_f32_block(conv, 1, block);
  }

  const rt::Instruction& in_;
  const StripesF32Attrs& a_;
  float* memory_[kMostStripeSteps];    // of each step's output but the last's; then zeros
  LineRange held_[kMostStripeSteps];   // the lines that it holds
  LineRange todo_[kMostStripeSteps];
};

}  // namespace

Status check_stripes_f32(const rt::Instruction& in) {
  const auto* a = in.attrs_as<StripesF32Attrs>();
  VERGE_REQUIRE(a && a->steps >= 2 && a->steps <= kMostStripeSteps && a->lines >= 1 && has_arity(in, residual_at(*a), residual_at(*a) + 1), Code::kCorrupt);
  VERGE_REQUIRE(in.in(0).dtype == DataType::kF32 && in.in(0).shape.rank == 4 && in.in(0).shape[0] == 1, Code::kCorrupt);
  Shape x = in.in(0).shape;
  for (int32_t i = 0; i < a->steps; ++i) {
    VERGE_RETURN_IF_BAD(check_step(a->step[i], x, in.in(weights_at(i)), in.in(weights_at(i) + 1)));
    x = shape_of(a->step[i]);
  }
  VERGE_REQUIRE(in.out().dtype == DataType::kF32 && in.out().shape == x && a->lines <= x[1], Code::kCorrupt);
  VERGE_REQUIRE(!in.has(residual_at(*a)) || (same_type(in.in(residual_at(*a)), in.out()) && !a->step[a->steps - 1].depthwise), Code::kCorrupt);
  VERGE_REQUIRE(static_cast<uint64_t>(stripes_bytes(*a, in.in(0).shape[3])) <= in.scratch_bytes(), Code::kCorrupt);
  return {};
}

Status run_stripes_f32(const rt::Instruction& in, const rt::RunEnv& env) {
  const auto& a = *in.attrs_as<StripesF32Attrs>();
  const ThreadSlots slots(in, 0, static_cast<size_t>(stripes_bytes(a, in.in(0).shape[3])), env);
  const int32_t height = in.out().shape[1], wanted = slots.count;
  const int32_t lines = (height + wanted - 1) / wanted, parts = (height + lines - 1) / lines;
  slots.each(env, static_cast<size_t>(parts), [&](size_t part, uint8_t* scratch) {
    const int32_t begin = static_cast<int32_t>(part) * lines;
    Stripes(in, scratch).run({begin, begin + lines < height ? begin + lines : height});
  });
  return {};
}

}  // namespace verge::exec
