#include "exec/op_codes.h"
#include "ops/conv/conv_attrs.h"

namespace verge::exec {

Status check_conv_i8(const rt::Instruction& in) {
  const auto* attrs = in.attrs_as<ConvI8Attrs>();
  VERGE_REQUIRE(attrs && in.in_count > 0 && in.has(0) && in.out_count == 1, Code::kCorrupt);
  VERGE_RETURN_IF_BAD(check_geometry(attrs->window, attrs->groups, in.in(0).shape, in.out().shape));
  return check_product_i8(attrs->product, in, make_geometry(attrs->window, attrs->groups, in.in(0).shape, in.out().shape));
}

Status run_conv_i8(const rt::Instruction& in, const rt::RunEnv& env) {
  const ConvI8Attrs& attrs = *in.attrs_as<ConvI8Attrs>();
  const ConvI8 conv = product_i8(attrs.product, in, make_geometry(attrs.window, attrs.groups, in.in(0).shape, in.out().shape));
  env.parallel.each(conv_i8_blocks(conv.geometry), [&](size_t block) { conv_i8_block(conv, block); });
  return {};
}

}  // namespace verge::exec
