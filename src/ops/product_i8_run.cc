#include "exec/checks.h"
#include "ops/product_i8_attrs.h"

namespace verge::exec {
namespace {

bool multipliers_fit(const int32_t* multiplier, const int8_t* shift, uint64_t n) {
  for (uint64_t i = 0; i < n; ++i)
    if (!usable_multiplier(multiplier[i], shift[i])) return false;
  return true;
}

bool scales_fit(const float* scale, uint64_t n) {
  for (uint64_t i = 0; i < n; ++i)
    if (!(scale[i] >= 0 && scale[i] < 1e9f)) return false;
  return true;
}

// Constants that no kernel stumbles over.
Status check_columns(const ProductI8Attrs& attrs, const rt::Instruction& in, uint64_t columns) {
  const ColumnArrays arrays(attrs, columns);
  VERGE_REQUIRE(attrs.sum_bytes == 0 || attrs.sum_bytes == 2 || attrs.sum_bytes == 4, Code::kCorrupt);
  VERGE_REQUIRE(is_constant(in.in(2), DataType::kU8, arrays.bytes()) && static_cast<uint64_t>(in.in(2).shape.count()) == arrays.bytes(), Code::kCorrupt);
  const Requant r = requant_of(attrs, in.in(2));
  VERGE_REQUIRE(arrays.tflm ? multipliers_fit(r.multiplier, r.shift, columns) : scales_fit(r.scale, columns), Code::kCorrupt);
  return {};
}

ColumnArrays arrays_of(const ProductI8Attrs& attrs, const TensorView& arrays) {
  return {attrs, static_cast<uint64_t>(arrays.shape.count()) / ColumnArrays(attrs, 1).bytes()};
}

ColumnSums sums_of(const ProductI8Attrs& attrs, const TensorView& arrays) {
  const uint8_t* sums = arrays.as<uint8_t>() + arrays_of(attrs, arrays).sums();
  if (attrs.sum_bytes == 2) return {nullptr, reinterpret_cast<const int16_t*>(sums)};
  return {reinterpret_cast<const int32_t*>(sums)};
}

// Sums lie where the real numbers will.
void scale_sums(const ConvGeometry& g, const float* scale, const TensorView& y) {
  const auto columns = static_cast<size_t>(g.out_c);
  auto* to = y.mut<float>();
  for (size_t i = 0; i < g.out_pixels(); ++i, to += columns)
    for (size_t c = 0; c < columns; ++c) {
      int32_t sum;
      std::memcpy(&sum, to + c, sizeof sum);
      to[c] = static_cast<float>(sum) * scale[c];
    }
}

}  // namespace

Status check_requant(const RequantAttrs& attrs, const rt::Instruction& in) {
  const IntegerRange range = integer_range(in.out().dtype);
  VERGE_REQUIRE(is_byte(in.out().dtype) && range.holds(attrs.zero_point) && range.holds(attrs.min) && range.holds(attrs.max), Code::kCorrupt);
  const bool known = attrs.mode == static_cast<int16_t>(RequantMode::kTflm) || attrs.mode == static_cast<int16_t>(RequantMode::kOnnx);
  VERGE_REQUIRE(attrs.min <= attrs.max && known, Code::kCorrupt);
  return {};
}

Requant requant_of(const ProductI8Attrs& attrs, const TensorView& columns) {
  const ColumnArrays arrays = arrays_of(attrs, columns);
  const uint8_t* bytes = columns.as<uint8_t>();
  Requant r;
  r.mode = static_cast<RequantMode>(attrs.requant.mode);
  r.zero_point = attrs.requant.zero_point;
  r.min = attrs.requant.min;
  r.max = attrs.requant.max;
  if (!arrays.tflm) {
    r.scale = reinterpret_cast<const float*>(bytes + arrays.factors());
    return r;
  }
  r.multiplier = reinterpret_cast<const int32_t*>(bytes + arrays.factors());
  r.shift = reinterpret_cast<const int8_t*>(bytes + arrays.shifts());
  return r;
}

Status check_product_i8(const ProductI8Attrs& attrs, const rt::Instruction& in, uint64_t columns) {
  VERGE_REQUIRE(in.out_count == 1 && in.in_count >= 3 && in.in_count <= 4 && in.has(0) && in.has(1) && in.has(2), Code::kCorrupt);
  VERGE_REQUIRE(is_byte(in.in(0).dtype) && integer_range(in.in(0).dtype).holds(attrs.x_zero_point), Code::kCorrupt);
  VERGE_REQUIRE(!in.has(3) || holds(in.in(3), DataType::kI32, columns), Code::kCorrupt);
  if (gives_reals(attrs)) {
    VERGE_REQUIRE(in.out().dtype == DataType::kF32 && !in.has(3), Code::kCorrupt);
  } else {
    VERGE_RETURN_IF_BAD(check_requant(attrs.requant, in));
  }
  return check_columns(attrs, in, columns);
}

Status check_conv_product_i8(const ProductI8Attrs& attrs, const rt::Instruction& in, const ConvGeometry& g) {
  VERGE_REQUIRE(attrs.weight_bits == 8 || attrs.weight_bits == 4, Code::kCorrupt);
  const GemmI8Layout layout = conv_i8_layout(g, attrs.weight_bits == 4);
  const uint64_t groups = static_cast<uint64_t>(g.groups), columns = groups * round_up_columns(layout.n);
  VERGE_REQUIRE(attrs.sum_bytes != 0, Code::kCorrupt);
  VERGE_REQUIRE(!gives_reals(attrs) || (g.pointwise() && g.groups == 1), Code::kCorrupt);
  VERGE_RETURN_IF_BAD(check_product_i8(attrs, in, columns));
  VERGE_REQUIRE(holds(in.in(1), DataType::kI8, groups * layout.bytes()) && (layout.nibbles || lies_at_lines(in.in(1))), Code::kCorrupt);
  VERGE_REQUIRE(g.pointwise() || in.scratch_bytes() >= layout.k, Code::kCorrupt);
  return {};
}

Status run_conv_product_i8(const ProductI8Attrs& attrs, const rt::Instruction& in, const ConvGeometry& g, const rt::RunEnv& env) {
  ConvI8 conv = product_i8<ConvI8>(attrs, in, g);
  conv.column_sum = sums_of(attrs, in.in(2));
  conv.nibbles = attrs.weight_bits == 4;
  conv.threads = env.parallel.threads;
  env.parallel.each(conv_i8_blocks(g, conv.threads), [&](size_t block) { conv_i8_block(conv, block); });
  if (gives_reals(attrs)) scale_sums(g, conv.requant.scale, in.out());
  return {};
}

}  // namespace verge::exec
