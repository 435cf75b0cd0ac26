#include "exec/checks.h"
#include "exec/op_codes.h"
#include "kernels/gemm/conv_f32.h"
#include "kernels/gemm/pack_f32.h"
#include "ops/dense/dense_attrs.h"

namespace verge::exec {
Status check_dense_f32(const rt::Instruction& in) {
  VERGE_REQUIRE(in.attrs_as<DenseF32Attrs>() && has_arity(in, 3, 3), Code::kCorrupt);
  VERGE_REQUIRE(in.in(0).dtype == DataType::kF32 && in.out().dtype == DataType::kF32 && rows_fit(in.in(0).shape, in.out().shape), Code::kCorrupt);
  const ConvGeometry g = rows_geometry(in.in(0).shape, in.out().shape);
  VERGE_REQUIRE(holds(in.in(1), DataType::kF32, packed_weights_f32_size(g.group_out(), 1, g.group_in())), Code::kCorrupt);
  VERGE_REQUIRE(holds(in.in(2), DataType::kF32, packed_bias_f32_size(g.group_out())), Code::kCorrupt);
  return {};
}

Status run_dense_f32(const rt::Instruction& in, const rt::RunEnv& env) {
  const DenseF32Attrs& attrs = *in.attrs_as<DenseF32Attrs>();
  ConvF32 conv;
  conv.geometry = rows_geometry(in.in(0).shape, in.out().shape);
  conv.input = in.in(0).as<float>();
  conv.input_step = conv.geometry.group_in();
  conv.weights = in.in(1).as<float>();
  conv.bias = in.in(2).as<float>();
  conv.output = in.out().mut<float>();
  conv.output_step = conv.geometry.group_out();
  conv.clamp = {attrs.clamp_min, attrs.clamp_max};
  env.parallel.each(conv_f32_blocks(conv.geometry), [&](size_t block) { conv_f32_block(conv, block); });
  return {};
}

}  // namespace verge::exec
