#include "exec/blocks.h"
#include "exec/checks.h"
#include "exec/op_codes.h"
#include "exec/reals.h"
#include "kernels/lut/lut_i8.h"
#include "kernels/unary_bf16/unary_bf16.h"
#include "ops/unary/unary_i16_attrs.h"

namespace verge::exec {
namespace {

constexpr uint32_t kFunctions = 0
#define VERGE_UNARY(...) +1
#include "kernels/elementwise/unary.inc"
#undef VERGE_UNARY
    ;
constexpr int32_t kTable = 256;

bool usable_input(const UnaryI16Attrs& a) { return a.multiplier >= 0 && a.multiplier <= INT16_MAX && a.shift >= 0 && a.shift <= 31; }

void run_unary_bf16(const rt::Instruction& in, const rt::RunEnv& env) {
  const auto& a = *in.attrs_as<UnaryF32Attrs>();
  const UnaryBf16 function{static_cast<UnaryF32>(a.function), {a.a, a.b}};
  const auto* x = in.in(0).as<uint16_t>();
  auto* y = in.out().mut<uint16_t>();
  for_elements(env, static_cast<size_t>(in.out().shape.count()), [&](size_t begin, size_t end) { function(end - begin, x + begin, y + begin); });
}

}  // namespace

Status check_unary_f32(const rt::Instruction& in) {
  const auto* a = in.attrs_as<UnaryF32Attrs>();
  VERGE_REQUIRE(a && a->function < kFunctions && arity(in, 1, 1), Code::kCorrupt);
  VERGE_REQUIRE(is_real(in.in(0)) && same_type(in.in(0), in.out()), Code::kCorrupt);
  return {};
}

Status run_unary_f32(const rt::Instruction& in, const rt::RunEnv& env) {
  const auto& a = *in.attrs_as<UnaryF32Attrs>();
  if (reals(in.in(0)).half) return run_unary_bf16(in, env), Status{};
  const UnaryF32Fn fn = pick_unary_f32(static_cast<UnaryF32>(a.function));
  const auto* x = in.in(0).as<float>();
  auto* y = in.out().mut<float>();
  for_elements(env, static_cast<size_t>(in.out().shape.count()),
             [&](size_t begin, size_t end) { fn(end - begin, x + begin, y + begin, {a.a, a.b}); });
  return {};
}

Status check_lut8(const rt::Instruction& in) {
  VERGE_REQUIRE(in.attrs_as<Lut8Attrs>() && arity(in, 2, 1), Code::kCorrupt);
  const TensorView &x = in.in(0), &table = in.in(1);
  VERGE_REQUIRE(element_bytes(x.dtype) == 1 && element_bytes(in.out().dtype) == 1 && x.shape == in.out().shape, Code::kCorrupt);
  VERGE_REQUIRE(element_bytes(table.dtype) == 1 && table.shape.count() == kTable, Code::kCorrupt);
  return {};
}

Status run_lut8(const rt::Instruction& in, const rt::RunEnv& env) {
  const auto *x = in.in(0).as<uint8_t>(), *table = in.in(1).as<uint8_t>();
  auto* y = in.out().mut<uint8_t>();
  const LutI8Fn fn = pick_lut_i8();
  for_elements(env, static_cast<size_t>(in.out().shape.count()),
             [&](size_t begin, size_t end) { fn(end - begin, x + begin, table, y + begin); });
  return {};
}

Status check_unary_i16(const rt::Instruction& in) {
  const auto* a = in.attrs_as<UnaryI16Attrs>();
  VERGE_REQUIRE(a && a->function < static_cast<uint32_t>(UnaryI16Function::kCount) && arity(in, reads_table(*a) ? 2 : 1, 1), Code::kCorrupt);
  const TensorView &x = in.in(0), &y = in.out();
  VERGE_REQUIRE(is_type(x, DataType::kI16) && same_type(x, y) && quantized_as_one(x) && quantized_as_one(y), Code::kCorrupt);
  if (reads_table(*a)) {
    VERGE_REQUIRE(usable_input(*a) && is_type(in.in(1), DataType::kU16) && in.in(1).shape.count() == kTable, Code::kCorrupt);
    return {};
  }
  const IntegerRange range = integer_range(DataType::kI16);
  VERGE_REQUIRE(usable_multiplier(a->multiplier, a->shift) && usable_multiplier(a->negative_multiplier, a->negative_shift), Code::kCorrupt);
  VERGE_REQUIRE(range.holds(a->min) && range.holds(a->max) && a->min <= a->max, Code::kCorrupt);
  return {};
}

Status run_unary_i16(const rt::Instruction& in, const rt::RunEnv& env) {
  const auto& a = *in.attrs_as<UnaryI16Attrs>();
  const auto* x = in.in(0).as<int16_t>();
  const uint16_t* table = reads_table(a) ? in.in(1).as<uint16_t>() : nullptr;
  auto* y = in.out().mut<int16_t>();
  for_elements(env, static_cast<size_t>(in.out().shape.count()), [&](size_t begin, size_t end) {
    apply_unary_i16(a, in.in(0).quant.zero_point[0], in.out().quant.zero_point[0], end - begin, x + begin, table, y + begin);
  });
  return {};
}

}  // namespace verge::exec
