#include "exec/check.h"
#include "exec/op_codes.h"
#include "kernels/pool/pool_f32.h"
#include "ops/pool/pool_attrs.h"

namespace verge::exec {

Status check_pool_f32(const rt::Instruction& in) {
  const auto* attrs = in.attrs_as<PoolF32Attrs>();
  VERGE_REQUIRE(attrs && has_arity(in, 1, 1) && in.in(0).dtype == DataType::kF32 && in.out().dtype == DataType::kF32, Code::kCorrupt);
  VERGE_RETURN_IF_BAD(check_geometry(attrs->window, 1, in.in(0).shape, in.out().shape));
  VERGE_REQUIRE(in.in(0).shape[3] == in.out().shape[3], Code::kCorrupt);
  VERGE_REQUIRE(attrs->kind == 0 || attrs->kind == 1, Code::kCorrupt);
  VERGE_REQUIRE(attrs->count == 0 || attrs->count == 1, Code::kCorrupt);
  return check_end_padding(attrs->pad_bottom, attrs->pad_right);
}

Status run_pool_f32(const rt::Instruction& in, const rt::RunEnv& env) {
  const PoolF32Attrs& attrs = *in.attrs_as<PoolF32Attrs>();
  PoolF32 pool;
  pool.geometry = make_geometry(attrs.window, 1, in.in(0).shape, in.out().shape);
  pool.kind = static_cast<PoolKind>(attrs.kind);
  pool.count = static_cast<PoolCount>(attrs.count);
  pool.pad_bottom = attrs.pad_bottom;
  pool.pad_right = attrs.pad_right;
  pool.input = in.in(0).as<float>();
  pool.output = in.out().mut<float>();
  pool.input_step = pool.output_step = static_cast<size_t>(pool.geometry.in_c);
  pool.clamp = {attrs.clamp_min, attrs.clamp_max};
  env.parallel.each(pool_f32_blocks(pool.geometry), [&](size_t block) { pool_f32_block(pool, block); });
  return {};
}

}  // namespace verge::exec
