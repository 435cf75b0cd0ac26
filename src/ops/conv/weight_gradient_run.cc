#include "exec/checks.h"
#include "exec/op_codes.h"
#include "kernels/weight_gradient/weight_gradient_f32.h"
#include "ops/conv/weight_gradient_attrs.h"
#include "ops/dense/dense_attrs.h"

namespace verge::exec {
namespace {

// A dense layer's rows are pictures' pixels; as many pictures as there are rows would be as good.
ConvGeometry geometry_of(const rt::Instruction& in) {
  const WeightGradientAttrs& a = *in.attrs_as<WeightGradientAttrs>();
  return a.rows ? rows_geometry(in.in(0).shape, in.in(1).shape) : make_geometry(a.window, a.groups, in.in(0).shape, in.in(1).shape);
}

}  // namespace

Status check_weight_gradient_f32(const rt::Instruction& in) {
  const auto* a = in.attrs_as<WeightGradientAttrs>();
  VERGE_REQUIRE(a && in.in_count == 2 && in.has(0) && in.has(1) && in.out_count == 2, Code::kCorrupt);
  VERGE_REQUIRE(in.in(0).dtype == DataType::kF32 && in.in(1).dtype == DataType::kF32, Code::kCorrupt);
  if (a->rows) VERGE_REQUIRE(rows_fit(in.in(0).shape, in.in(1).shape), Code::kCorrupt);
  else VERGE_RETURN_IF_BAD(check_geometry(a->window, a->groups, in.in(0).shape, in.in(1).shape));
  const ConvGeometry g = geometry_of(in);
  // What a padded row or a part's sums count stays far from the ends of 64 bits.
  VERGE_REQUIRE(g.group_in() * g.taps() <= (uint64_t{1} << 40) / static_cast<uint64_t>(g.out_c), Code::kCorrupt);
  const int64_t width = int64_t{g.out_w} * g.stride_w + int64_t{g.kernel_w} * g.dilation_w, height = int64_t{g.kernel_h} * g.dilation_h + g.stride_h;
  VERGE_REQUIRE(width <= (int64_t{1} << 40) / height / g.in_c, Code::kCorrupt);
  VERGE_REQUIRE(g.pad_left < width && (g.pad_left >= 0 || -g.pad_left < g.in_w), Code::kCorrupt);
  VERGE_REQUIRE(holds(in.out(0), DataType::kF32, static_cast<uint64_t>(g.out_c) * g.taps() * g.group_in()), Code::kCorrupt);
  VERGE_REQUIRE(holds(in.out(1), DataType::kF32, static_cast<uint64_t>(g.out_c)), Code::kCorrupt);
  VERGE_REQUIRE(in.scratch_bytes() / sizeof(float) >= weight_gradient_f32_scratch(g), Code::kCorrupt);
  return {};
}

Status run_weight_gradient_f32(const rt::Instruction& in, const rt::RunEnv& env) {
  const WeightGradientF32 args{.geometry = geometry_of(in), .x = in.in(0).as<float>(), .dy = in.in(1).as<float>(), .dw = in.out(0).mut<float>(),
                               .db = in.out(1).mut<float>(), .scratch = in.scratch()->mut<float>()};
  env.parallel.each(weight_gradient_f32_blocks(args.geometry), [&](size_t block) { weight_gradient_f32_block(args, block); });
  env.parallel.each(weight_gradient_f32_sums(args.geometry), [&](size_t i) { weight_gradient_f32_sum(args, i); });
  return {};
}

}  // namespace verge::exec
