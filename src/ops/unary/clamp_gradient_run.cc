#include "exec/blocks.h"
#include "exec/checks.h"
#include "exec/op_codes.h"
#include "kernels/training/training_f32.h"
#include "ops/unary/clamp_gradient_attrs.h"

namespace verge::exec {

Status check_clamp_gradient_f32(const rt::Instruction& in) {
  VERGE_REQUIRE(in.attrs_as<ClampGradientAttrs>() && arity(in, 2, 1) && in.in(0).dtype == DataType::kF32, Code::kCorrupt);
  VERGE_REQUIRE(same_type(in.in(0), in.in(1)) && same_type(in.in(0), in.out()), Code::kCorrupt);
  return {};
}

Status run_clamp_gradient_f32(const rt::Instruction& in, const rt::RunEnv& env) {
  const ClampGradientAttrs& a = *in.attrs_as<ClampGradientAttrs>();
  const auto fn = pick_training_f32().clamp_gradient;
  for_elements(env, static_cast<size_t>(in.out().shape.count()), [&](size_t begin, size_t end) {
    fn(end - begin, in.in(0).as<float>() + begin, in.in(1).as<float>() + begin, a.min, a.max, in.out().mut<float>() + begin);
  });
  return {};
}

}  // namespace verge::exec
