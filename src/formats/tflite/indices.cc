// Operators that make or follow indices.
#include <numeric>

#include "core/text.h"
#include "formats/tflite/builtins.h"

namespace verge::formats::tflite::builtins {
namespace {

using Ints = std::vector<int64_t>;

// 0, 1, .. depth - 1 in the type of `like`, along one axis of `rank`.
Result<ValueId> counted(Op& op, DataType dtype, int64_t depth, int64_t axis, int64_t rank) {
  if (!is_integer(dtype)) return corrupt("indices are of type " + std::string(dtype_name(dtype)) + ", want integers");
  VERGE_CHECK(op.charge(static_cast<size_t>(depth) * sizeof(int64_t)));
  Ints numbers(static_cast<size_t>(depth));
  std::iota(numbers.begin(), numbers.end(), 0);
  Shape shape;
  for (int64_t i = 0; i < rank; ++i) shape[shape.rank++] = i == axis ? static_cast<int32_t>(depth) : 1;
  return op.add_constant(cast_tensor(Tensor::of<int64_t>(shape, numbers), dtype));
}

}  // namespace

// inputs: indices, depth, value of the one, value of the others.
Result<void> one_hot(Op& op) {
  VERGE_TRY(const auto* o, op.options<schema::OneHotOptions>());
  VERGE_TRY(const int64_t depth, op.integer(1, "the depth"));
  const TensorType indices = op.type(size_t{0});
  if (!indices.ranked || depth < 0 || depth > kMaxElements) return corrupt("depth " + std::to_string(depth) + " for " + indices.text());
  VERGE_TRY(const int64_t axis, op.axis(o->axis(), indices.rank() + 1));
  std::vector<Dim> dims = indices.dims;
  dims.insert(dims.begin() + axis, Dim(1));
  VERGE_TRY(Attrs attrs, op.shape_attr(dims));
  VERGE_TRY(const ValueId column, op.add("reshape", {op.in(0)}, std::move(attrs)));
  VERGE_TRY(const ValueId numbers, counted(op, indices.dtype, depth, axis, indices.rank() + 1));
  TensorType truth;
  truth.dtype = DataType::kBool;
  VERGE_TRY(const ValueId hot, op.add_as(std::move(truth), "equal", {column, numbers}));
  return op.result("where", {hot, op.in(2), op.in(3)});
}

}  // namespace verge::formats::tflite::builtins
