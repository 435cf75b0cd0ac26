#include "exec/op_codes.h"
#include "ops/dense/dense_attrs.h"
#include "ops/product_i8_attrs.h"

namespace verge::exec {

Status check_dense_i8(const rt::Instruction& in) {
  const auto* attrs = in.attrs_as<ProductI8Attrs>();
  VERGE_REQUIRE(attrs && in.in_count > 0 && in.has(0) && in.out_count == 1 && rows_fit(in.in(0).shape, in.out().shape), Code::kCorrupt);
  return check_conv_product_i8(*attrs, in, rows_geometry(in.in(0).shape, in.out().shape));
}

Status run_dense_i8(const rt::Instruction& in, const rt::RunEnv& env) {
  return run_conv_product_i8(*in.attrs_as<ProductI8Attrs>(), in, rows_geometry(in.in(0).shape, in.out().shape), env);
}

}  // namespace verge::exec
