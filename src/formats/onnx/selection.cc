// Elements chosen by index.
#include <numeric>

#include "formats/onnx/reshaping.h"
#include "formats/onnx/table.h"

namespace verge::formats::onnx {
namespace {

Result<void> gather(NodeContext& c) {
  VERGE_TRY(const int rank, c.rank());
  VERGE_TRY(const int axis, c.axis(c.integer("axis", 0), rank));
  return c.finish(c.add(c.core(), {c.in(0), c.in(1)}, {{"axis", int64_t{axis}}}));
}

Result<void> gather_nd(NodeContext& c) {
  return c.finish(c.add("gather_nd", {c.in(0), c.in(1)}, {{"batch_dims", c.integer("batch_dims", 0)}}));
}

ValueId element(NodeContext& c, ValueId vector, int64_t i) { return c.add("gather", {vector, c.constant(Tensor::scalar(i))}, {{"axis", int64_t{0}}}); }

// where(index == 0 .. depth-1, on, off): a negative index counts from the end, one out of range makes no hot element.
Result<void> one_hot(NodeContext& c) {
  VERGE_TRY(const int rank, c.rank());
  VERGE_TRY(const int axis, c.axis(c.integer("axis", -1), rank + 1));
  VERGE_TRY(const double wanted, c.number(1, "depth"));
  if (c.type(2).is_static() && c.type(2).shape().count() != 2) return c.damaged("its values are " + c.type(2).text() + ", it wants two");
  if (!(wanted >= 1 && wanted <= 1 << 24)) return c.refuse("a depth of " + std::to_string(wanted) + " is not supported");
  VERGE_CHECK(c.reserve(wanted));
  std::vector<int64_t> depths(static_cast<size_t>(wanted)), shape(rank + 1, 1);
  std::iota(depths.begin(), depths.end(), 0);
  shape[axis] = static_cast<int64_t>(depths.size());
  const ValueId index = c.add("cast", {c.in(0)}, {{"to", std::string("i64")}});
  const ValueId from_end = c.add("add", {index, c.scalar(wanted, index)});
  const ValueId position = c.add("where", {c.add("less", {index, c.scalar(0, index)}), from_end, index});
  VERGE_TRY(const ValueId column, unsqueezed(c, position, {axis}));
  const ValueId hot = c.add("equal", {column, c.add("reshape", {c.integers_constant(depths)}, {{"shape", shape}})});
  return c.finish(c.add("where", {hot, element(c, c.in(2), 1), element(c, c.in(2), 0)}));
}

// The last two dimensions masked by a triangle: row + k <= column (upper) or row + k >= column (lower).
Result<void> trilu(NodeContext& c) {
  VERGE_TRY(const int rank, c.rank());
  if (rank < 2) return c.damaged("its input " + c.type(size_t{0}).text() + " has no matrix");
  const Dim rows = c.type(size_t{0}).dims[rank - 2], columns = c.type(size_t{0}).dims[rank - 1];
  double k = 0;
  if (c.has(1)) {
    VERGE_TRY(k, c.number(1, "k"));
  }
  constexpr int64_t kMostElements = 1 << 24;
  if (!rows.known() || !columns.known() || rows.size > kMostElements || columns.size > kMostElements || rows.size * columns.size > kMostElements)
    return c.refuse("its matrix " + c.type(size_t{0}).text() + " is not of a known, small size");
  VERGE_CHECK(c.reserve(static_cast<double>(rows.size * columns.size)));
  const bool upper = c.integer("upper", 1) != 0;
  Tensor mask(DataType::kBool, {static_cast<int32_t>(rows.size), static_cast<int32_t>(columns.size)});
  for (int64_t r = 0; r < rows.size; ++r)
    for (int64_t j = 0; j < columns.size; ++j) {
      const double ahead = static_cast<double>(j - r);
      mask.data()[r * columns.size + j] = upper ? ahead >= k : ahead <= k;
    }
  return c.finish(c.add("where", {c.constant(std::move(mask), "mask"), c.in(0), c.scalar(0, c.in(0))}));
}

constexpr Row kRows[] = {
    {"Gather", 1, kNewest, gather, "gather"},
    {"GatherElements", 11, kNewest, gather, "gather_elements"},
    {"GatherND", 11, kNewest, gather_nd},
    {"OneHot", 9, kNewest, one_hot},
    {"Trilu", 14, kNewest, trilu},
};

}  // namespace

std::span<const Row> selection_rows() { return kRows; }

}  // namespace verge::formats::onnx
