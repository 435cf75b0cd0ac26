#include <cstring>

#include "exec/blocks.h"
#include "exec/checks.h"
#include "exec/op_codes.h"
#include "ops/concat/concat_attrs.h"

namespace verge::exec {

Status check_concat(const rt::Instruction& in) {
  const auto* a = in.attrs_as<ConcatAttrs>();
  VERGE_REQUIRE(a && in.in_count >= 1 && arity(in, in.in_count, 1), Code::kCorrupt);
  const TensorView& y = in.out();
  VERGE_REQUIRE(element_bytes(y.dtype) > 0 && a->axis >= 0 && a->axis < y.shape.rank, Code::kCorrupt);
  int64_t along = 0;
  for (int i = 0; i < in.in_count; ++i) {
    Shape expected = y.shape;
    if (in.in(i).shape.rank != y.shape.rank) return Code::kCorrupt;
    expected[a->axis] = in.in(i).shape[a->axis];
    VERGE_REQUIRE(in.in(i).dtype == y.dtype && in.in(i).shape == expected, Code::kCorrupt);
    along += expected[a->axis];
  }
  VERGE_REQUIRE(along == y.shape[a->axis], Code::kCorrupt);
  return {};
}

Status run_concat(const rt::Instruction& in, const rt::RunEnv& env) {
  const int axis = in.attrs_as<ConcatAttrs>()->axis;
  const TensorView& y = in.out();
  if (y.shape.count() == 0) return {};
  const size_t width = element_bytes(y.dtype);
  const auto outer = static_cast<size_t>(y.shape.count(0, axis));
  const size_t row = static_cast<size_t>(y.shape.count(axis, y.shape.rank)) * width;
  for_blocks(env, outer, items_per_block(row), [&](size_t begin, size_t end) {
    size_t at = 0;
    for (int i = 0; i < in.in_count; ++i) {
      const TensorView& x = in.in(i);
      const size_t part = static_cast<size_t>(x.shape.count(axis, x.shape.rank)) * width;
      for (size_t o = begin; o < end; ++o) std::memmove(y.mut<uint8_t>() + o * row + at, x.as<uint8_t>() + o * part, part);
      at += part;
    }
  });
  return {};
}

}  // namespace verge::exec
