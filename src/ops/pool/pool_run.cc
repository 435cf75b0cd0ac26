#include "exec/checks.h"
#include "exec/op_codes.h"
#include "exec/reals.h"
#include "kernels/pool_i8/pool_i8.h"
#include "ops/pool/pool_attrs.h"
#include "ops/product_i8_attrs.h"

namespace verge::exec {
namespace {

constexpr int64_t kMostTaps = 1 << 22;  // sums of so many bytes stay within 32 bits

Status check_pool(const PoolAttrs& attrs, const rt::Instruction& in) {
  VERGE_RETURN_IF_BAD(check_geometry(attrs.window, 1, in.in(0).shape, in.out().shape));
  VERGE_RETURN_IF_BAD(check_end_padding(attrs.pad_bottom, attrs.pad_right));
  VERGE_REQUIRE(in.in(0).shape[3] == in.out().shape[3] && int64_t{attrs.window.kernel_h} * attrs.window.kernel_w <= kMostTaps, Code::kCorrupt);
  VERGE_REQUIRE((attrs.kind == 0 || attrs.kind == 1) && (attrs.count == 0 || attrs.count == 1), Code::kCorrupt);
  return {};
}

template <typename Pool> Pool pool_of(const PoolAttrs& attrs, const rt::Instruction& in) {
  Pool pool;
  pool.geometry = make_geometry(attrs.window, 1, in.in(0).shape, in.out().shape);
  pool.kind = static_cast<PoolKind>(attrs.kind);
  pool.count = static_cast<PoolCount>(attrs.count);
  pool.pad_bottom = attrs.pad_bottom;
  pool.pad_right = attrs.pad_right;
  pool.input = static_cast<decltype(pool.input)>(in.in(0).data);
  pool.output = static_cast<decltype(pool.output)>(in.out().data);
  pool.input_step = pool.output_step = static_cast<size_t>(pool.geometry.in_c);
  return pool;
}

}  // namespace

Status check_pool_f32(const rt::Instruction& in) {
  const auto* attrs = in.attrs_as<PoolF32Attrs>();
  VERGE_REQUIRE(attrs && has_arity(in, 1, 1) && is_real(in.in(0)) && in.out().dtype == in.in(0).dtype, Code::kCorrupt);
  return check_pool(attrs->pool, in);
}

Status run_pool_f32(const rt::Instruction& in, const rt::RunEnv& env) {
  const PoolF32Attrs& attrs = *in.attrs_as<PoolF32Attrs>();
  const auto run = [&](auto pool, auto run_block) {
    pool.clamp = {attrs.clamp_min, attrs.clamp_max};
    env.parallel.each(pool_f32_blocks(pool.geometry), [&](size_t block) { run_block(pool, block); });
  };
  reals(in.in(0)).half ? run(pool_of<PoolBf16>(attrs.pool, in), pool_bf16_block) : run(pool_of<PoolF32>(attrs.pool, in), pool_f32_block);
  return {};
}

Status check_pool_i8(const rt::Instruction& in) {
  const auto* attrs = in.attrs_as<PoolI8Attrs>();
  VERGE_REQUIRE(attrs && has_arity(in, 1, 1) && is_byte(in.in(0).dtype) && in.out().dtype == in.in(0).dtype, Code::kCorrupt);
  const IntegerRange range = integer_range(in.in(0).dtype);
  VERGE_REQUIRE(range.holds(attrs->x_zero_point) && range.holds(attrs->y_zero_point), Code::kCorrupt);
  VERGE_REQUIRE(range.holds(attrs->min) && range.holds(attrs->max) && attrs->min <= attrs->max, Code::kCorrupt);
  VERGE_REQUIRE(attrs->mode == static_cast<int32_t>(RequantMode::kTflm) || attrs->mode == static_cast<int32_t>(RequantMode::kOnnx), Code::kCorrupt);
  VERGE_REQUIRE(attrs->scale > 0 && attrs->scale < 1e9f, Code::kCorrupt);
  return check_pool(attrs->pool, in);
}

Status run_pool_i8(const rt::Instruction& in, const rt::RunEnv& env) {
  const PoolI8Attrs& attrs = *in.attrs_as<PoolI8Attrs>();
  PoolI8 pool = pool_of<PoolI8>(attrs.pool, in);
  pool.is_unsigned = in.in(0).dtype == DataType::kU8;
  pool.mode = static_cast<RequantMode>(attrs.mode);
  pool.x_zero_point = attrs.x_zero_point;
  pool.scale = attrs.scale;
  pool.zero_point = attrs.y_zero_point;
  pool.min = attrs.min;
  pool.max = attrs.max;
  env.parallel.each(pool_i8_blocks(pool.geometry), [&](size_t block) { pool_i8_block(pool, block); });
  return {};
}

}  // namespace verge::exec
