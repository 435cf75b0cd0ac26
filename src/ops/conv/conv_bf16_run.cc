#include "exec/checks.h"
#include "exec/op_codes.h"
#include "exec/reals.h"
#include "exec/thread_slots.h"
#include "kernels/gemm_bf16/conv_bf16.h"
#include "ops/activated_attrs.h"
#include "ops/conv/conv_attrs.h"
#include "ops/dense/dense_attrs.h"

namespace verge::exec {
namespace {

Status check_product(const rt::Instruction& in, const ConvGeometry& g) {
  VERGE_REQUIRE(conv_bf16_fits(g) && is_real(in.in(0)) && is_real(in.out()), Code::kCorrupt);
  const size_t groups = static_cast<size_t>(g.groups);
  VERGE_REQUIRE(holds(in.in(1), DataType::kBF16, groups * packed_weights_bf16_size(g.group_out(), g.taps() * g.group_in())), Code::kCorrupt);
  VERGE_REQUIRE(holds(in.in(2), DataType::kF32, groups * padded_n_bf16(g.group_out())), Code::kCorrupt);
  VERGE_REQUIRE(in.scratch() && in.scratch_bytes() >= conv_bf16_scratch_size(g) && reinterpret_cast<uintptr_t>(in.scratch()->data) % 64 == 0, Code::kCorrupt);
  return {};
}

ConvBf16 product_of(const rt::Instruction& in, const ConvGeometry& g, ClampF32 clamp) {
  ConvBf16 conv;
  conv.geometry = g;
  conv.input = reals(in.in(0));
  conv.input_step = static_cast<size_t>(g.in_c);
  conv.weights = in.in(1).as<uint16_t>();
  conv.bias = in.in(2).as<float>();
  conv.output = reals_out(in.out());
  conv.output_step = conv.residual_step = static_cast<size_t>(g.out_c);
  conv.clamp = clamp;
  return conv;
}

template <typename Attrs> void run_product(const rt::Instruction& in, ConvBf16 conv, const Activated<Attrs>& attrs, const rt::RunEnv& env) {
  const UnaryBf16 function = attrs.function();
  if (attrs.activation) conv.activation = &function;
  const ThreadSlots slots(in, 0, conv_bf16_scratch_size(conv.geometry), env);
  slots.each(env, conv_bf16_blocks(conv, slots.count), [&](size_t block, uint8_t* scratch) { conv_bf16_block(conv, slots.count, block, scratch); });
}

}  // namespace

Status check_conv_bf16(const rt::Instruction& in) {
  const Activated<ConvF32Attrs> attrs = activated<ConvF32Attrs>(in);
  VERGE_REQUIRE(attrs.fits(in) && has_arity(in, 3, 4), Code::kCorrupt);
  VERGE_RETURN_IF_BAD(check_geometry(attrs->window, attrs->groups, in.in(0).shape, in.out().shape));
  VERGE_REQUIRE(!in.has(3) || (is_real(in.in(3)) && in.in(3).shape == in.out().shape), Code::kCorrupt);
  return check_product(in, make_geometry(attrs->window, attrs->groups, in.in(0).shape, in.out().shape));
}

Status run_conv_bf16(const rt::Instruction& in, const rt::RunEnv& env) {
  const Activated<ConvF32Attrs> attrs = activated<ConvF32Attrs>(in);
  ConvBf16 conv = product_of(in, make_geometry(attrs->window, attrs->groups, in.in(0).shape, in.out().shape), {attrs->clamp_min, attrs->clamp_max});
  if (in.has(3)) conv.residual = reals(in.in(3));
  run_product(in, conv, attrs, env);
  return {};
}

Status check_dense_bf16(const rt::Instruction& in) {
  VERGE_REQUIRE(activated<DenseF32Attrs>(in).fits(in) && has_arity(in, 3, 3) && rows_fit(in.in(0).shape, in.out().shape), Code::kCorrupt);
  return check_product(in, rows_geometry(in.in(0).shape, in.out().shape));
}

Status run_dense_bf16(const rt::Instruction& in, const rt::RunEnv& env) {
  const Activated<DenseF32Attrs> attrs = activated<DenseF32Attrs>(in);
  run_product(in, product_of(in, rows_geometry(in.in(0).shape, in.out().shape), {attrs->clamp_min, attrs->clamp_max}), attrs, env);
  return {};
}

}  // namespace verge::exec
