#include "exec/checks.h"
#include "ops/product_i8_attrs.h"

namespace verge::exec {
namespace {

bool multipliers_fit(const int32_t* multiplier, const int32_t* shift, uint64_t n) {
  for (uint64_t i = 0; i < n; ++i)
    if (!usable_multiplier(multiplier[i], shift[i])) return false;
  return true;
}

bool scales_fit(const float* scale, uint64_t n) {
  for (uint64_t i = 0; i < n; ++i)
    if (!(scale[i] >= 0 && scale[i] < 1e9f)) return false;
  return true;
}

}  // namespace

Status check_requant(const RequantAttrs& attrs, const rt::Instruction& in, int index, uint64_t columns) {
  const IntegerRange range = integer_range(in.out().dtype);
  VERGE_REQUIRE(is_byte(in.out().dtype) && range.holds(attrs.zero_point) && range.holds(attrs.min) && range.holds(attrs.max), Code::kCorrupt);
  VERGE_REQUIRE(attrs.min <= attrs.max && in.has(index), Code::kCorrupt);
  if (attrs.mode == static_cast<int32_t>(RequantMode::kOnnx)) {
    VERGE_REQUIRE(is_constant(in.in(index), DataType::kF32, columns) && scales_fit(in.in(index).as<float>(), columns), Code::kCorrupt);
    return {};
  }
  VERGE_REQUIRE(attrs.mode == static_cast<int32_t>(RequantMode::kTflm), Code::kCorrupt);
  const TensorView& numbers = in.in(index);
  VERGE_REQUIRE(is_constant(numbers, DataType::kI32, 2 * columns) && numbers.shape.count() % 2 == 0, Code::kCorrupt);
  VERGE_REQUIRE(multipliers_fit(numbers.as<int32_t>(), numbers.as<int32_t>() + numbers.shape.count() / 2, columns), Code::kCorrupt);
  return {};
}

Requant requant_of(const RequantAttrs& attrs, const rt::Instruction& in, int index) {
  Requant r;
  r.mode = static_cast<RequantMode>(attrs.mode);
  r.zero_point = attrs.zero_point;
  r.min = attrs.min;
  r.max = attrs.max;
  if (r.mode == RequantMode::kOnnx) {
    r.scale = in.in(index).as<float>();
  } else {
    r.multiplier = in.in(index).as<int32_t>();
    r.shift = r.multiplier + in.in(index).shape.count() / 2;
  }
  return r;
}

Status check_product_i8(const ProductI8Attrs& attrs, const rt::Instruction& in, uint64_t columns) {
  VERGE_REQUIRE(in.out_count == 1 && in.in_count >= 5 && in.in_count <= 6 && in.has(0) && in.has(1) && in.has(2), Code::kCorrupt);
  VERGE_REQUIRE(is_byte(in.in(0).dtype) && integer_range(in.in(0).dtype).holds(attrs.x_zero_point), Code::kCorrupt);
  VERGE_REQUIRE(holds(in.in(2), DataType::kI32, columns) && (!in.has(5) || holds(in.in(5), DataType::kI32, columns)), Code::kCorrupt);
  return check_requant(attrs.requant, in, 4, columns);
}

Status check_conv_product_i8(const ProductI8Attrs& attrs, const rt::Instruction& in, const ConvGeometry& g) {
  VERGE_REQUIRE(attrs.weight_bits == 8 || attrs.weight_bits == 4, Code::kCorrupt);
  const GemmI8Layout layout = conv_i8_layout(g, attrs.weight_bits == 4);
  const uint64_t groups = static_cast<uint64_t>(g.groups), columns = groups * round_up_columns(layout.n);
  VERGE_RETURN_IF_BAD(check_product_i8(attrs, in, columns));
  VERGE_REQUIRE(holds(in.in(1), DataType::kI8, groups * layout.bytes()), Code::kCorrupt);
  VERGE_REQUIRE(in.has(3) && holds(in.in(3), DataType::kI32, columns), Code::kCorrupt);
  VERGE_REQUIRE(g.pointwise() || in.scratch_bytes() >= layout.k, Code::kCorrupt);
  return {};
}

Status run_conv_product_i8(const ProductI8Attrs& attrs, const rt::Instruction& in, const ConvGeometry& g, const rt::RunEnv& env) {
  ConvI8 conv = product_i8<ConvI8>(attrs, in, g);
  conv.column_sum = in.in(3).as<int32_t>();
  conv.nibbles = attrs.weight_bits == 4;
  env.parallel.each(conv_i8_blocks(g), [&](size_t block) { conv_i8_block(conv, block); });
  return {};
}

}  // namespace verge::exec
