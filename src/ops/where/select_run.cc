#include <cstring>

#include "exec/broadcast.h"
#include "exec/checks.h"
#include "exec/op_codes.h"
#include "ops/where/select_attrs.h"

namespace verge::exec {
namespace {

// A run of each operand: where it begins, and bytes from one value to the next (0: one value for all).
struct Run {
  const uint8_t* at;
  size_t step;
};

template <size_t width> void select(size_t n, Run c, Run a, Run b, uint8_t* y) {
  for (size_t i = 0; i < n; ++i) std::memmove(y + i * width, c.at[i * c.step] ? a.at + i * a.step : b.at + i * b.step, width);
}

void select(size_t width, size_t n, Run c, Run a, Run b, uint8_t* y) {
  switch (width) {
    case 1: return select<1>(n, c, a, b, y);
    case 2: return select<2>(n, c, a, b, y);
    case 4: return select<4>(n, c, a, b, y);
    default: return select<8>(n, c, a, b, y);
  }
}

}  // namespace

Status check_select(const rt::Instruction& in) {
  VERGE_REQUIRE(in.attrs_as<SelectAttrs>() && arity(in, 3, 1), Code::kCorrupt);
  const TensorView& y = in.out();
  VERGE_REQUIRE(in.in(0).dtype == DataType::kBool && in.in(1).dtype == y.dtype && in.in(2).dtype == y.dtype && element_bytes(y.dtype) > 0, Code::kCorrupt);
  const Shape* const operands[] = {&in.in(0).shape, &in.in(1).shape, &in.in(2).shape};
  VERGE_REQUIRE(broadcast_together(y.shape, operands, 3), Code::kCorrupt);
  return {};
}

Status run_select(const rt::Instruction& in, const rt::RunEnv& env) {
  const TensorView& y = in.out();
  const Shape* const operands[] = {&in.in(0).shape, &in.in(1).shape, &in.in(2).shape};
  const Broadcast b = make_broadcast(y.shape, operands, 3);
  const size_t width = element_bytes(y.dtype);
  const auto run = [&](int k, size_t row, size_t begin) {
    const size_t bytes = k == 0 ? 1 : width;
    return Run{in.in(k).as<uint8_t>() + (b.offset(k, row) + (b.still(k) ? 0 : begin)) * bytes, b.still(k) ? 0 : bytes};
  };
  for_rows(env, b, [&](size_t row, size_t begin, size_t end) {
    select(width, end - begin, run(0, row, begin), run(1, row, begin), run(2, row, begin), y.mut<uint8_t>() + (row * b.row() + begin) * width);
  });
  return {};
}

}  // namespace verge::exec
