#include "exec/checks.h"
#include "exec/op_codes.h"
#include "ops/dense/dense_attrs.h"
#include "ops/product_i16_attrs.h"

namespace verge::exec {

Status check_dense_i16(const rt::Instruction& in) {
  const auto* a = in.attrs_as<ProductI16Attrs>();
  VERGE_REQUIRE(a && in.in_count > 0 && in.has(0) && in.out_count == 1 && rows_fit(in.in(0).shape, in.out().shape), Code::kCorrupt);
  return check_product_i16(*a, in, rows_geometry(in.in(0).shape, in.out().shape));
}

Status run_dense_i16(const rt::Instruction& in, const rt::RunEnv& env) {
  return run_product_i16(*in.attrs_as<ProductI16Attrs>(), in, rows_geometry(in.in(0).shape, in.out().shape), env);
}

}  // namespace verge::exec
