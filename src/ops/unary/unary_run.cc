#include "exec/blocks.h"
#include "exec/checks.h"
#include "exec/op_codes.h"
#include "kernels/lut/lut_i8.h"
#include "ops/unary/unary_attrs.h"

namespace verge::exec {
namespace {

constexpr uint32_t kFunctions = 0
#define VERGE_UNARY(...) +1
#include "kernels/elementwise/unary.inc"
#undef VERGE_UNARY
    ;
constexpr int32_t kTable = 256;

}  // namespace

Status check_unary_f32(const rt::Instruction& in) {
  const auto* a = in.attrs_as<UnaryF32Attrs>();
  VERGE_REQUIRE(a && a->function < kFunctions && arity(in, 1, 1), Code::kCorrupt);
  VERGE_REQUIRE(in.in(0).dtype == DataType::kF32 && same_type(in.in(0), in.out()), Code::kCorrupt);
  return {};
}

Status run_unary_f32(const rt::Instruction& in, const rt::RunEnv& env) {
  const auto& a = *in.attrs_as<UnaryF32Attrs>();
  const UnaryF32Fn fn = pick_unary_f32(static_cast<UnaryF32>(a.function));
  const auto* x = in.in(0).as<float>();
  auto* y = in.out().mut<float>();
  for_blocks(env, static_cast<size_t>(in.out().shape.count()), kElementBlock,
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
  for_blocks(env, static_cast<size_t>(in.out().shape.count()), kElementBlock,
             [&](size_t begin, size_t end) { fn(end - begin, x + begin, table, y + begin); });
  return {};
}

}  // namespace verge::exec
