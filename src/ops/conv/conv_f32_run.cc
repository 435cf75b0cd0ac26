#include <cstring>

#include "exec/checks.h"
#include "exec/op_codes.h"
#include "exec/thread_slots.h"
#include "kernels/depthwise/depthwise_f32.h"
#include "kernels/depthwise_bf16/depthwise_bf16.h"
#include "kernels/gemm/conv_f32.h"
#include "kernels/gemm/pack_f32.h"
#include "kernels/way.h"
#include "kernels/winograd/winograd_f32.h"
#include "ops/activated_attrs.h"
#include "ops/conv/conv_attrs.h"

namespace verge::exec {
namespace {

ConvGeometry geometry_of(const rt::Instruction& in) {
  const auto attrs = activated<ConvF32Attrs>(in);
  return make_geometry(attrs->window, attrs->groups, in.in(0).shape, in.out().shape);
}

// What both kinds of convolution want; fills the geometry.
Status check_common(const rt::Instruction& in, int most_inputs, ConvGeometry* geometry) {
  const auto attrs = activated<ConvF32Attrs>(in);
  VERGE_REQUIRE(attrs.fits(in) && has_arity(in, 3, most_inputs), Code::kCorrupt);
  VERGE_REQUIRE(in.in(0).dtype == in.out().dtype, Code::kCorrupt);
  VERGE_RETURN_IF_BAD(check_geometry(attrs->window, attrs->groups, in.in(0).shape, in.out().shape));
  *geometry = geometry_of(in);
  return {};
}

// Packed weights and biases of products, and a residual if there is one.
Status check_product(const rt::Instruction& in, const ConvGeometry& g) {
  VERGE_REQUIRE(in.in(0).dtype == DataType::kF32, Code::kCorrupt);
  const size_t groups = static_cast<size_t>(g.groups);
  VERGE_REQUIRE(holds(in.in(1), DataType::kF32, groups * packed_weights_f32_size(g.group_out(), g.taps(), g.group_in())), Code::kCorrupt);
  VERGE_REQUIRE(holds(in.in(2), DataType::kF32, groups * packed_bias_f32_size(g.group_out())), Code::kCorrupt);
  VERGE_REQUIRE(!in.has(3) || (in.in(3).dtype == DataType::kF32 && in.in(3).shape == in.out().shape), Code::kCorrupt);
  return {};
}

// Zeros that stand for a pixel outside the input.
const float* clear_scratch(const rt::Instruction& in) {
  if (!in.scratch()) return nullptr;
  std::memset(in.scratch()->data, 0, in.scratch_bytes());
  return in.scratch()->as<float>();
}

template <typename Conv, typename T = float> Conv conv_of(const rt::Instruction& in) {
  const ConvF32Attrs& attrs = *activated<ConvF32Attrs>(in).plain;
  Conv conv;
  conv.geometry = geometry_of(in);
  conv.input = in.in(0).as<T>();
  conv.input_step = static_cast<size_t>(conv.geometry.in_c);
  conv.weights = in.in(1).as<float>();
  conv.bias = in.in(2).as<float>();
  conv.output = in.out().mut<T>();
  conv.output_step = static_cast<size_t>(conv.geometry.out_c);
  conv.clamp = {attrs.clamp_min, attrs.clamp_max};
  return conv;
}

ConvF32 product_of(const rt::Instruction& in) {
  ConvF32 conv = conv_of<ConvF32>(in);
  if (in.has(3)) conv.residual = in.in(3).as<float>();
  conv.residual_step = conv.output_step;
  return conv;
}

void run_direct(ConvF32 conv, const rt::RunEnv& env) {
  conv.any_order = env.any_order;
  env.parallel.each(conv_f32_blocks(conv, env.parallel.threads), [&](size_t block) { conv_f32_block(conv, env.parallel.threads, block); });
}

Status check_depthwise_bf16(const rt::Instruction& in, const ConvGeometry& g) {
  const size_t channels = static_cast<size_t>(g.in_c);
  VERGE_REQUIRE(depthwise_bf16_fits(g) && in.scratch_bytes() >= channels * sizeof(uint16_t), Code::kCorrupt);
  VERGE_REQUIRE(holds(in.in(1), DataType::kF32, packed_depthwise_bf16_size(channels, g.taps())), Code::kCorrupt);
  VERGE_REQUIRE(holds(in.in(2), DataType::kF32, packed_depthwise_bf16_size(channels, 1)), Code::kCorrupt);
  return {};
}

void run_depthwise_bf16(const rt::Instruction& in, const rt::RunEnv& env) {
  auto conv = conv_of<DepthwiseBf16, uint16_t>(in);
  clear_scratch(in);
  conv.zeros = in.scratch()->as<uint16_t>();
  const auto attrs = activated<ConvF32Attrs>(in);
  const UnaryBf16 function = attrs.function();
  if (attrs.activation) conv.activation = &function;
  env.parallel.each(depthwise_bf16_blocks(conv.geometry, env.parallel.threads), [&](size_t block) { depthwise_bf16_block(conv, env.parallel.threads, block); });
}

}  // namespace

Status check_conv_f32(const rt::Instruction& in) {
  ConvGeometry g;
  VERGE_RETURN_IF_BAD(check_common(in, 4, &g));
  VERGE_RETURN_IF_BAD(check_product(in, g));
  VERGE_REQUIRE(g.pointwise() || in.scratch_bytes() >= g.group_in() * sizeof(float), Code::kCorrupt);
  return {};
}

Status run_conv_f32(const rt::Instruction& in, const rt::RunEnv& env) {
  ConvF32 conv = product_of(in);
  conv.zeros = clear_scratch(in);
  return run_direct(conv, env), Status{};
}

Status check_conv_winograd_f32(const rt::Instruction& in) {
  ConvGeometry g;
  VERGE_RETURN_IF_BAD(check_common(in, 4, &g));
  VERGE_RETURN_IF_BAD(check_product(in, g));
  VERGE_REQUIRE(winograd_f32_fits(g) && in.scratch() && in.scratch_bytes() / sizeof(float) >= winograd_f32_scratch_size(g), Code::kCorrupt);
  VERGE_REQUIRE(reinterpret_cast<uintptr_t>(in.scratch()->data) % 64 == 0, Code::kCorrupt);
  return {};
}

Status run_conv_winograd_f32(const rt::Instruction& in, const rt::RunEnv& env) {
  ConvF32 conv = product_of(in);
  if (tuned_way(LayerFamily::kWinogradF32, conv.geometry).algorithm == Algorithm::kDirect) {
    conv.zeros = static_cast<const float*>(std::memset(in.scratch()->data, 0, conv.geometry.group_in() * sizeof(float)));  // scratch has many pixels
    return run_direct(conv, env), Status{};
  }
  const ThreadSlots slots(in, 0, winograd_f32_scratch_size(conv.geometry) * sizeof(float), env);
  slots.each(env, winograd_f32_blocks(conv.geometry, slots.count),
             [&](size_t block, uint8_t* scratch) { winograd_f32_block(conv, slots.count, block, reinterpret_cast<float*>(scratch)); });
  return {};
}

Status check_depthwise_f32(const rt::Instruction& in) {
  ConvGeometry g;
  VERGE_RETURN_IF_BAD(check_common(in, 3, &g));
  VERGE_REQUIRE(g.groups == g.in_c, Code::kCorrupt);
  if (in.in(0).dtype == DataType::kBF16) return check_depthwise_bf16(in, g);
  VERGE_REQUIRE(in.in(0).dtype == DataType::kF32, Code::kCorrupt);
  const size_t channels = static_cast<size_t>(g.out_c);
  VERGE_REQUIRE(holds(in.in(1), DataType::kF32, packed_depthwise_f32_size(channels, g.taps())), Code::kCorrupt);
  VERGE_REQUIRE(holds(in.in(2), DataType::kF32, packed_bias_f32_size(channels)), Code::kCorrupt);
  VERGE_REQUIRE(in.scratch_bytes() >= static_cast<size_t>(g.in_c) * sizeof(float), Code::kCorrupt);
  return {};
}

Status run_depthwise_f32(const rt::Instruction& in, const rt::RunEnv& env) {
  if (in.in(0).dtype == DataType::kBF16) return run_depthwise_bf16(in, env), Status{};
  DepthwiseF32 conv = conv_of<DepthwiseF32>(in);
  conv.zeros = clear_scratch(in);
  env.parallel.each(depthwise_f32_blocks(conv.geometry, env.parallel.threads), [&](size_t block) { depthwise_f32_block(conv, env.parallel.threads, block); });
  return {};
}

}  // namespace verge::exec
