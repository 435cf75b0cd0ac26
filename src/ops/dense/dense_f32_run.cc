#include "exec/blocks.h"
#include "exec/checks.h"
#include "exec/op_codes.h"
#include "kernels/gemm/conv_f32.h"
#include "kernels/gemm/pack_f32.h"
#include "kernels/sparse/sparse_f32.h"
#include "ops/dense/dense_attrs.h"

namespace verge::exec {
namespace {

size_t panels(const rt::Instruction& in) { return (static_cast<size_t>(in.out().shape.back(0)) + kSparseBlock - 1) / kSparseBlock; }

// Blocks of each panel behind those of the one before, their columns within a row.
bool places_fit(const int32_t* start, size_t panel_count, const int32_t* column, int32_t blocks, int32_t k) {
  if (start[0] != 0 || start[panel_count] != blocks) return false;
  for (size_t p = 0; p < panel_count; ++p)
    if (start[p] > start[p + 1]) return false;
  for (int32_t b = 0; b < blocks; ++b)
    if (column[b] < 0 || column[b] >= k) return false;
  return true;
}

Status check_sparse(const rt::Instruction& in) {
  VERGE_REQUIRE(holds(in.in(2), DataType::kF32, packed_bias_f32_size(static_cast<size_t>(in.out().shape.back(0)))), Code::kCorrupt);
  VERGE_REQUIRE(is_constant(in.in(3), DataType::kI32, panels(in) + 1) && is_constant(in.in(4), DataType::kI32, 0), Code::kCorrupt);
  const int64_t blocks = in.in(4).shape.count();
  VERGE_REQUIRE(blocks <= INT32_MAX && holds(in.in(1), DataType::kF32, kSparseBlock * static_cast<uint64_t>(blocks)), Code::kCorrupt);
  VERGE_REQUIRE(places_fit(in.in(3).as<int32_t>(), panels(in), in.in(4).as<int32_t>(), static_cast<int32_t>(blocks), in.in(0).shape.back(0)), Code::kCorrupt);
  return {};
}

Status run_sparse(const rt::Instruction& in, const rt::RunEnv& env) {
  constexpr size_t kProducts = 1 << 15;  // of a block's work
  const DenseF32Attrs& attrs = *in.attrs_as<DenseF32Attrs>();
  const size_t k = static_cast<size_t>(in.in(0).shape.back(0)), n = static_cast<size_t>(in.out().shape.back(0)), rows = static_cast<size_t>(in.in(0).shape.count()) / k;
  const SparseF32 a{in.in(0).as<float>(), k, in.in(3).as<int32_t>(), in.in(4).as<int32_t>(), in.in(1).as<float>(), in.in(2).as<float>(), in.out().mut<float>(), n, {attrs.clamp_min, attrs.clamp_max}};
  const SparseF32Fn kernel = pick_sparse_f32();
  const size_t products = rows * kSparseBlock * (static_cast<size_t>(in.in(4).shape.count()) / panels(in) + 1);
  for_blocks(env, panels(in), products >= kProducts ? 1 : kProducts / products, [&](size_t begin, size_t end) {
    for (size_t p = begin; p < end; ++p) kernel(rows, p, n - p * kSparseBlock < kSparseBlock ? n - p * kSparseBlock : kSparseBlock, a);
  });
  return {};
}

}  // namespace

Status check_dense_f32(const rt::Instruction& in) {
  VERGE_REQUIRE(in.attrs_as<DenseF32Attrs>() && (has_arity(in, 3, 3) || has_arity(in, 5, 5)), Code::kCorrupt);
  VERGE_REQUIRE(in.in(0).dtype == DataType::kF32 && in.out().dtype == DataType::kF32 && rows_fit(in.in(0).shape, in.out().shape), Code::kCorrupt);
  if (in.in_count == 5) return check_sparse(in);
  const ConvGeometry g = rows_geometry(in.in(0).shape, in.out().shape);
  VERGE_REQUIRE(holds(in.in(1), DataType::kF32, packed_weights_f32_size(g.group_out(), 1, g.group_in())), Code::kCorrupt);
  VERGE_REQUIRE(holds(in.in(2), DataType::kF32, packed_bias_f32_size(g.group_out())), Code::kCorrupt);
  return {};
}

Status run_dense_f32(const rt::Instruction& in, const rt::RunEnv& env) {
  if (in.in_count == 5) return run_sparse(in, env);
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
  conv.any_order = env.any_order;
  env.parallel.each(conv_f32_blocks(conv, env.parallel.threads), [&](size_t block) { conv_f32_block(conv, env.parallel.threads, block); });
  return {};
}

}  // namespace verge::exec
