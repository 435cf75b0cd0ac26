#include "exec/blocks.h"
#include "exec/checks.h"
#include "exec/op_codes.h"
#include "kernels/softmax/softmax_f32.h"
#include "kernels/softmax_i8/softmax_i8.h"
#include "ops/softmax/softmax_attrs.h"

namespace verge::exec {
namespace {

constexpr int32_t kMostRow = 1 << 24;  // sums of exponentials of longer rows could leave int32

size_t row_of(const TensorView& x) { return x.shape.rank ? static_cast<size_t>(x.shape.back(0)) : 1; }

SoftmaxI8Types types_of(DataType x, DataType y) {
  return x == DataType::kU8 ? SoftmaxI8Types::kU8ToU8 : y == DataType::kI16 ? SoftmaxI8Types::kI8ToI16 : SoftmaxI8Types::kI8ToI8;
}

template <typename Body> void for_softmax_rows(const rt::RunEnv& env, const TensorView& x, const Body& body) {
  const size_t row = row_of(x);
  if (row == 0) return;
  for_blocks(env, static_cast<size_t>(x.shape.count()) / row, items_per_block(row * 4), body);
}

}  // namespace

Status check_softmax_f32(const rt::Instruction& in) {
  const auto* a = in.attrs_as<SoftmaxF32Attrs>();
  VERGE_REQUIRE(a && a->function < static_cast<uint32_t>(SoftmaxFunction::kCount) && arity(in, 1, 1), Code::kCorrupt);
  VERGE_REQUIRE(in.in(0).dtype == DataType::kF32 && same_type(in.in(0), in.out()), Code::kCorrupt);
  return {};
}

Status run_softmax_f32(const rt::Instruction& in, const rt::RunEnv& env) {
  const bool log = in.attrs_as<SoftmaxF32Attrs>()->function == static_cast<uint32_t>(SoftmaxFunction::kLogSoftmax);
  const SoftmaxF32Kernel& kernel = pick_softmax_f32();
  const size_t n = row_of(in.in(0));
  const auto* x = in.in(0).as<float>();
  auto* y = in.out().mut<float>();
  for_softmax_rows(env, in.in(0), [&](size_t begin, size_t end) { (log ? kernel.log_softmax : kernel.softmax)(end - begin, n, x + begin * n, y + begin * n); });
  return {};
}

Status check_softmax_i8(const rt::Instruction& in) {
  VERGE_REQUIRE(in.attrs_as<SoftmaxI8Attrs>() && arity(in, 2, 1), Code::kCorrupt);
  const TensorView &x = in.in(0), &table = in.in(1), &y = in.out();
  const bool types = (x.dtype == DataType::kI8 && (y.dtype == DataType::kI8 || y.dtype == DataType::kI16)) || (x.dtype == DataType::kU8 && y.dtype == DataType::kU8);
  VERGE_REQUIRE(types && x.shape == y.shape && row_of(x) <= kMostRow, Code::kCorrupt);
  VERGE_REQUIRE(table.dtype == DataType::kI32 && table.shape.count() >= 1, Code::kCorrupt);
  return {};
}

Status run_softmax_i8(const rt::Instruction& in, const rt::RunEnv& env) {
  const TensorView &x = in.in(0), &y = in.out();
  const size_t n = row_of(x), wide = element_bytes(y.dtype);
  const SoftmaxTable table{in.in(1).as<int32_t>(), static_cast<size_t>(in.in(1).shape.count())};
  for_softmax_rows(env, x, [&](size_t begin, size_t end) {
    softmax_i8(types_of(x.dtype, y.dtype), end - begin, n, table, x.as<uint8_t>() + begin * n, y.mut<uint8_t>() + begin * n * wide);
  });
  return {};
}

}  // namespace verge::exec
