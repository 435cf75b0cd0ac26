#include <cstring>

#include "exec/blocks.h"
#include "exec/checks.h"
#include "exec/op_codes.h"
#include "kernels/training/training_f32.h"
#include "ops/update/update_attrs.h"

namespace verge::exec {
namespace {

// `states` tensors that are replaced, the gradient, the schedule and perhaps a scale.
Status check(const rt::Instruction& in, int states) {
  VERGE_REQUIRE(in.out_count == states && (in.in_count == states + 2 || in.in_count == states + 3), Code::kCorrupt);
  for (int i = 0; i < states + 2; ++i) VERGE_REQUIRE(in.has(i), Code::kCorrupt);
  const auto count = static_cast<uint64_t>(in.in(0).shape.count());
  for (int i = 0; i <= states; ++i) VERGE_REQUIRE(holds(in.in(i), DataType::kF32, count), Code::kCorrupt);
  for (int i = 0; i < states; ++i) VERGE_REQUIRE(holds(in.out(i), DataType::kF32, count), Code::kCorrupt);
  VERGE_REQUIRE(holds(in.in(states + 1), DataType::kF32, kScheduleSize), Code::kCorrupt);
  VERGE_REQUIRE(!in.has(states + 2) || holds(in.in(states + 2), DataType::kF32, 1), Code::kCorrupt);
  return {};
}

// The states as they are now in the outputs, where the step is made.
void carry_over(const rt::Instruction& in, int states, size_t begin, size_t end) {
  for (int i = 0; i < states; ++i)
    if (in.in(i).data != in.out(i).data)
      std::memmove(in.out(i).mut<float>() + begin, in.in(i).as<float>() + begin, (end - begin) * sizeof(float));
}

float scale_of(const rt::Instruction& in, int states) { return in.has(states + 2) ? *in.in(states + 2).as<float>() : 1; }

}  // namespace

Status check_sgd_f32(const rt::Instruction& in) {
  VERGE_REQUIRE(in.attrs_as<SgdAttrs>(), Code::kCorrupt);
  return check(in, 2);
}

Status run_sgd_f32(const rt::Instruction& in, const rt::RunEnv& env) {
  const SgdAttrs& a = *in.attrs_as<SgdAttrs>();
  const SgdF32 step{.rate = in.in(3).as<float>()[0], .scale = scale_of(in, 2), .momentum = a.momentum, .decay = a.decay, .nesterov = a.nesterov != 0};
  for_elements(env, static_cast<size_t>(in.in(0).shape.count()), [&](size_t begin, size_t end) {
    carry_over(in, 2, begin, end);
    pick_training_f32().sgd(end - begin, step, in.in(2).as<float>() + begin, in.out(0).mut<float>() + begin, in.out(1).mut<float>() + begin);
  });
  return {};
}

Status check_adam_f32(const rt::Instruction& in) {
  VERGE_REQUIRE(in.attrs_as<AdamAttrs>(), Code::kCorrupt);
  return check(in, 3);
}

Status run_adam_f32(const rt::Instruction& in, const rt::RunEnv& env) {
  const AdamAttrs& a = *in.attrs_as<AdamAttrs>();
  const float* schedule = in.in(4).as<float>();
  const AdamF32 step{.rate = schedule[0], .scale = scale_of(in, 3), .m_correction = schedule[1], .v_correction = schedule[2], .beta1 = a.beta1, .beta2 = a.beta2,
                     .epsilon = a.epsilon, .decay = a.decay, .decoupled_decay = a.decoupled_decay};
  for_elements(env, static_cast<size_t>(in.in(0).shape.count()), [&](size_t begin, size_t end) {
    carry_over(in, 3, begin, end);
    pick_training_f32().adam(end - begin, step, in.in(3).as<float>() + begin, in.out(0).mut<float>() + begin, in.out(1).mut<float>() + begin, in.out(2).mut<float>() + begin);
  });
  return {};
}

}  // namespace verge::exec
