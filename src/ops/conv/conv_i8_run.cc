#include "exec/checks.h"
#include "exec/op_codes.h"
#include "kernels/depthwise_i8/depthwise_i8.h"
#include "ops/conv/conv_attrs.h"

namespace verge::exec {
namespace {

ConvGeometry geometry_of(const rt::Instruction& in) {
  const ConvI8Attrs& attrs = *in.attrs_as<ConvI8Attrs>();
  return make_geometry(attrs.window, attrs.groups, in.in(0).shape, in.out().shape);
}

Status check_window(const rt::Instruction& in) {
  const auto* attrs = in.attrs_as<ConvI8Attrs>();
  VERGE_REQUIRE(attrs && in.in_count > 0 && in.has(0) && in.out_count == 1, Code::kCorrupt);
  return check_geometry(attrs->window, attrs->groups, in.in(0).shape, in.out().shape);
}

}  // namespace

Status check_conv_i8(const rt::Instruction& in) {
  VERGE_RETURN_IF_BAD(check_window(in));
  return check_conv_product_i8(in.attrs_as<ConvI8Attrs>()->product, in, geometry_of(in));
}

Status run_conv_i8(const rt::Instruction& in, const rt::RunEnv& env) {
  return run_conv_product_i8(in.attrs_as<ConvI8Attrs>()->product, in, geometry_of(in), env);
}

Status check_depthwise_i8(const rt::Instruction& in) {
  VERGE_RETURN_IF_BAD(check_window(in));
  const ConvGeometry g = geometry_of(in);
  VERGE_REQUIRE(g.groups == g.in_c, Code::kCorrupt);
  VERGE_RETURN_IF_BAD(check_product_i8(in.attrs_as<ConvI8Attrs>()->product, in, round_up_columns(static_cast<size_t>(g.out_c))));
  VERGE_REQUIRE(!gives_reals(in.attrs_as<ConvI8Attrs>()->product) && holds(in.in(1), DataType::kI8, packed_depthwise_i8_size(g)), Code::kCorrupt);
  VERGE_REQUIRE(in.scratch_bytes() >= static_cast<size_t>(g.in_c), Code::kCorrupt);
  return {};
}

Status run_depthwise_i8(const rt::Instruction& in, const rt::RunEnv& env) {
  const DepthwiseI8 conv = product_i8<DepthwiseI8>(in.attrs_as<ConvI8Attrs>()->product, in, geometry_of(in));
  env.parallel.each(depthwise_i8_blocks(conv.geometry), [&](size_t block) { depthwise_i8_block(conv, block); });
  return {};
}

}  // namespace verge::exec
