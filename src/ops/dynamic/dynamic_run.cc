#include <cstring>

#include "exec/blocks.h"
#include "exec/checks.h"
#include "exec/op_codes.h"
#include "kernels/depthwise_i8/depthwise_i8.h"
#include "kernels/dynamic_i8/dynamic_i8.h"
#include "ops/dense/dense_attrs.h"
#include "ops/dynamic/dynamic_attrs.h"
#include "ops/product_i8_attrs.h"

namespace verge::exec {
namespace {

constexpr int64_t kMostProducts = 1 << 16;  // of one sum: with an extreme zero point too it stays within 31 bits

bool is_depthwise(const ConvGeometry& g) { return g.groups == g.in_c && g.groups > 1; }

size_t columns_of(const ConvGeometry& g) {
  return is_depthwise(g) ? round_up_columns(static_cast<size_t>(g.out_c)) : static_cast<size_t>(g.groups) * round_up_columns(conv_i8_layout(g).n);
}

Status check_layer(const rt::Instruction& in, const ConvGeometry& g) {
  VERGE_REQUIRE(in.in_count == 7 && in.out_count == 1, Code::kCorrupt);
  for (int i = 0; i < 6; ++i) VERGE_REQUIRE(in.has(i), Code::kCorrupt);
  VERGE_REQUIRE(is_type(in.in(0), DataType::kF32) && is_type(in.out(), DataType::kF32), Code::kCorrupt);
  const auto channels = static_cast<uint64_t>(g.out_c);
  const size_t columns = columns_of(g), weights = is_depthwise(g) ? packed_depthwise_i8_size(g) : static_cast<size_t>(g.groups) * conv_i8_layout(g).bytes();
  VERGE_REQUIRE(static_cast<int64_t>(g.taps()) * static_cast<int64_t>(g.group_in()) <= kMostProducts, Code::kCorrupt);
  VERGE_REQUIRE(holds(in.in(1), DataType::kI8, weights) && (is_depthwise(g) || lies_at_lines(in.in(1))) && holds(in.in(2), DataType::kI32, columns) && holds(in.in(3), DataType::kI32, columns), Code::kCorrupt);
  VERGE_REQUIRE(holds(in.in(4), DataType::kF32, channels) && holds(in.in(5), DataType::kI32, channels), Code::kCorrupt);
  VERGE_REQUIRE(!in.has(6) || holds(in.in(6), DataType::kF32, channels), Code::kCorrupt);
  VERGE_REQUIRE(in.scratch_bytes() >= dynamic_scratch_bytes(g), Code::kCorrupt);
  return {};
}

// Sums of products of the bytes at `x` as int32, where the output will be.
template <typename Conv> Conv sums_of(const rt::Instruction& in, const ConvGeometry& g, const int8_t* x, const int8_t* padding, void* y) {
  Conv conv;
  conv.geometry = g;
  conv.input = x;
  conv.input_step = static_cast<size_t>(g.in_c);
  conv.weights = in.in(1).as<int8_t>();
  conv.bias = in.in(2).as<int32_t>();
  conv.padding = padding;
  conv.output = y;
  conv.output_step = static_cast<size_t>(g.out_c);
  conv.requant.mode = RequantMode::kNone;
  return conv;
}

void run_sums(const rt::Instruction& in, const rt::RunEnv& env, const ConvGeometry& g, const int8_t* x, const int8_t* padding, void* y) {
  if (is_depthwise(g)) {
    const auto conv = sums_of<DepthwiseI8>(in, g, x, padding, y);
    env.parallel.each(depthwise_i8_blocks(g), [&](size_t block) { depthwise_i8_block(conv, block); });
    return;
  }
  auto conv = sums_of<ConvI8>(in, g, x, padding, y);
  conv.column_sum.wide = in.in(3).as<int32_t>();
  env.parallel.each(conv_i8_blocks(g), [&](size_t block) { conv_i8_block(conv, block); });
}

DynamicOutput output_of(const rt::Instruction& in, const DynamicAttrs& a, bool scales_first) {
  return {in.in(5).as<int32_t>(), in.in(4).as<float>(), in.has(6) ? in.in(6).as<float>() : nullptr, a.clamp_min, a.clamp_max, scales_first};
}

DynamicScale scale_of(const DynamicAttrs& a, size_t n, const float* x) { return a.symmetric ? symmetric_scale(n, x) : asymmetric_scale(n, x); }

ConvGeometry conv_geometry_of(const rt::Instruction& in) {
  const auto& a = *in.attrs_as<DynamicAttrs>();
  return make_geometry(a.window, a.groups, in.in(0).shape, in.out().shape);
}

}  // namespace

Status check_dynamic_conv(const rt::Instruction& in) {
  const auto* a = in.attrs_as<DynamicAttrs>();
  VERGE_REQUIRE(a && in.in_count > 0 && in.has(0) && in.out_count == 1, Code::kCorrupt);
  VERGE_RETURN_IF_BAD(check_geometry(a->window, a->groups, in.in(0).shape, in.out().shape));
  return check_layer(in, conv_geometry_of(in));
}

Status run_dynamic_conv(const rt::Instruction& in, const rt::RunEnv& env) {
  const auto& a = *in.attrs_as<DynamicAttrs>();
  ConvGeometry g = conv_geometry_of(in);
  const auto batch = static_cast<size_t>(g.batch);
  g.batch = 1;
  const size_t values = g.in_pixels() * static_cast<size_t>(g.in_c), pixels = g.out_pixels(), channels = static_cast<size_t>(g.out_c);
  auto* bytes = in.scratch()->mut<int8_t>();
  int8_t* padding = bytes + (values + 63) / 64 * 64;
  for (size_t b = 0; b < batch; ++b) {
    const float* x = in.in(0).as<float>() + b * values;
    float* y = in.out().mut<float>() + b * pixels * channels;
    const DynamicScale scale = scale_of(a, values, x);
    quantize_dynamic(values, x, scale, a.symmetric != 0, bytes);
    std::memset(padding, scale.zero_point, static_cast<size_t>(g.in_c) * g.taps());
    run_sums(in, env, g, bytes, padding, y);
    for_blocks(env, pixels, items_per_block(channels), [&](size_t begin, size_t end) { finish_dynamic(end - begin, channels, scale, output_of(in, a, is_depthwise(g)), y + begin * channels); });
  }
  return {};
}

Status check_dynamic_dense(const rt::Instruction& in) {
  VERGE_REQUIRE(in.attrs_as<DynamicAttrs>() && in.in_count > 0 && in.has(0) && in.out_count == 1 && rows_fit(in.in(0).shape, in.out().shape), Code::kCorrupt);
  return check_layer(in, rows_geometry(in.in(0).shape, in.out().shape));
}

Status run_dynamic_dense(const rt::Instruction& in, const rt::RunEnv& env) {
  const auto& a = *in.attrs_as<DynamicAttrs>();
  const ConvGeometry g = rows_geometry(in.in(0).shape, in.out().shape);
  const auto rows = static_cast<size_t>(g.in_h), k = static_cast<size_t>(g.in_c), n = static_cast<size_t>(g.out_c);
  const auto *x = in.in(0).as<float>();
  auto* bytes = in.scratch()->mut<int8_t>();
  for (size_t r = 0; r < rows; ++r) quantize_dynamic(k, x + r * k, scale_of(a, k, x + r * k), a.symmetric != 0, bytes + r * k);
  run_sums(in, env, g, bytes, nullptr, in.out().data);
  for (size_t r = 0; r < rows; ++r) finish_dynamic(1, n, scale_of(a, k, x + r * k), output_of(in, a, true), in.out().mut<float>() + r * n);
  return {};
}

}  // namespace verge::exec
