#include "exec/blocks.h"
#include "exec/checks.h"
#include "ops/product_i16_attrs.h"

namespace verge::exec {
namespace {

constexpr size_t kMostProducts = size_t{1} << 23;          // of one sum: with the bias below 2^47, what the wide multiplication takes
constexpr int64_t kMostBias = int64_t{1} << 45;
constexpr int32_t kMostWideShift = 7;

bool bias_fits(const TensorView& bias, size_t channels) {
  if (!bias.data || static_cast<size_t>(bias.shape.count()) != channels) return false;
  if (bias.dtype == DataType::kI32) return true;
  if (bias.dtype != DataType::kI64) return false;
  for (size_t i = 0; i < channels; ++i)
    if (bias.as<int64_t>()[i] < -kMostBias || bias.as<int64_t>()[i] > kMostBias) return false;
  return true;
}

bool is_narrow(const rt::Instruction& in) { return in.has(2) && in.in(2).dtype == DataType::kI32; }

}  // namespace

Status check_product_i16(const ProductI16Attrs& attrs, const rt::Instruction& in, const ConvGeometry& g) {
  VERGE_REQUIRE(in.in_count == 4 && in.out_count == 1 && in.has(0) && in.has(1) && in.has(3), Code::kCorrupt);
  VERGE_REQUIRE(is_type(in.in(0), DataType::kI16) && is_type(in.out(), DataType::kI16), Code::kCorrupt);
  const IntegerRange range = integer_range(DataType::kI16);
  VERGE_REQUIRE(range.holds(attrs.min) && range.holds(attrs.max) && attrs.min <= attrs.max, Code::kCorrupt);
  const auto channels = static_cast<size_t>(g.out_c), products = g.taps() * g.group_in();
  VERGE_REQUIRE(products <= kMostProducts && holds(in.in(1), DataType::kI8, channels * products), Code::kCorrupt);
  VERGE_REQUIRE(!in.has(2) || bias_fits(in.in(2), channels), Code::kCorrupt);
  VERGE_REQUIRE(is_constant(in.in(3), DataType::kI32, 2 * channels), Code::kCorrupt);
  const int32_t *multiplier = in.in(3).as<int32_t>(), *shift = multiplier + channels;
  for (size_t i = 0; i < channels; ++i) VERGE_REQUIRE(usable_multiplier(multiplier[i], shift[i]) && (is_narrow(in) || shift[i] <= kMostWideShift), Code::kCorrupt);
  return {};
}

Status run_product_i16(const ProductI16Attrs& attrs, const rt::Instruction& in, const ConvGeometry& g, const rt::RunEnv& env) {
  ConvI16 conv;
  conv.geometry = g;
  conv.input = in.in(0).as<int16_t>();
  conv.input_step = static_cast<size_t>(g.in_c);
  conv.weights = in.in(1).as<int8_t>();
  conv.narrow = is_narrow(in);
  if (conv.narrow) conv.narrow_bias = in.in(2).as<int32_t>();
  else if (in.has(2)) conv.bias = in.in(2).as<int64_t>();
  conv.multiplier = in.in(3).as<int32_t>();
  conv.shift = conv.multiplier + g.out_c;
  conv.min = attrs.min;
  conv.max = attrs.max;
  conv.output = in.out().mut<int16_t>();
  conv.output_step = static_cast<size_t>(g.out_c);
  const size_t work = g.taps() * g.group_in() * static_cast<size_t>(g.out_c);
  for_blocks(env, g.out_pixels(), items_per_block(work), [&](size_t begin, size_t end) { conv_i16(conv, begin, end); });
  return {};
}

}  // namespace verge::exec
