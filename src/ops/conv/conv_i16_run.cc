#include "exec/checks.h"
#include "exec/op_codes.h"
#include "ops/product_i16_attrs.h"

namespace verge::exec {

Status check_conv_i16(const rt::Instruction& in) {
  const auto* a = in.attrs_as<ConvI16Attrs>();
  VERGE_REQUIRE(a && in.in_count > 0 && in.has(0) && in.out_count == 1, Code::kCorrupt);
  const Shape &x = in.in(0).shape, &y = in.out().shape;
  VERGE_RETURN_IF_BAD(check_geometry(a->window, a->groups, x, y));
  return check_product_i16(a->product, in, make_geometry(a->window, a->groups, x, y));
}

Status run_conv_i16(const rt::Instruction& in, const rt::RunEnv& env) {
  const auto& a = *in.attrs_as<ConvI16Attrs>();
  return run_product_i16(a.product, in, make_geometry(a.window, a.groups, in.in(0).shape, in.out().shape), env);
}

}  // namespace verge::exec
