#include "formats/onnx/reshaping.h"

#include <algorithm>
#include <limits>

namespace verge::formats::onnx {
namespace {

constexpr const char* kFixSizes = "give sizes to the symbolic dimensions (--dim NAME=SIZE), or export the model with fixed shapes";

// The product of dimensions [from, to), unknown when one of them is.
Dim product(const std::vector<Dim>& dims, int from, int to) {
  int64_t n = 1;
  for (int i = from; i < to; ++i) {
    if (!dims[i].known()) return {};
    n *= dims[i].size;
  }
  return n;
}

Result<std::vector<bool>> marked(NodeContext& c, const std::vector<int64_t>& axes, int rank) {
  std::vector<bool> out(rank, false);
  for (int64_t a : axes) {
    VERGE_TRY(const int axis, c.axis(a, rank));
    if (out[axis]) return c.damaged("axis " + std::to_string(a) + " is named twice");
    out[axis] = true;
  }
  return out;
}

}  // namespace

namespace {

// What a reshape of nothing gives, when the target names its sizes: the core operator reads a 0 as a copy.
std::optional<Shape> empty_target(const TensorType& x, const std::vector<TargetDim>& target) {
  if (!x.is_static() || x.shape().count() != 0 || target.size() > static_cast<size_t>(kMaxRank)) return std::nullopt;
  Shape shape;
  for (const TargetDim& t : target) {
    if (!t.dim.known() || t.dim.size > std::numeric_limits<int32_t>::max()) return std::nullopt;
    shape.dim[shape.rank++] = static_cast<int32_t>(t.dim.size);
  }
  return shape.count() == 0 ? std::optional(shape) : std::nullopt;
}

}  // namespace

Result<ValueId> reshaped(NodeContext& c, ValueId x, const std::vector<TargetDim>& target) {
  if (const auto empty = empty_target(c.type(x), target)) return c.constant(Tensor(c.type(x).dtype, *empty));
  constexpr int64_t kMostElements = int64_t{1} << 40;
  std::vector<int64_t> shape;
  int unknown = 0;
  int64_t count = 1;
  for (size_t i = 0; i < target.size(); ++i) {
    const TargetDim& t = target[i];
    if (t.dim.known() && t.dim.size > std::numeric_limits<int32_t>::max()) return c.damaged("dimension " + std::to_string(t.dim.size) + " is not a size");
    if (t.dim.known() && t.dim.size > 0 && count > kMostElements / t.dim.size) return c.damaged("its result is absurdly large");
    if (t.dim.known() && t.dim.size > 0) count *= t.dim.size;
    const bool at_its_place = t.from == static_cast<int>(i);
    const bool copied = at_its_place && (!t.dim.known() || t.dim.size == 0);
    shape.push_back(copied ? 0 : t.dim.known() ? t.dim.size : -1);
    unknown += shape.back() == -1;
    if (shape.back() == 0 && !copied && !(i < c.type(x).dims.size() && c.type(x).dims[i] == Dim(0)))
      return c.refuse("it makes a dimension of size 0 out of another", "");
  }
  if (unknown > 1) return c.refuse("its result has more than one size that is not known", kFixSizes);
  return c.add("reshape", {x}, {{"shape", shape}});
}

Result<ValueId> flattened(NodeContext& c, ValueId x, int axis) {
  const std::vector<Dim>& dims = c.type(x).dims;
  const int rank = c.type(x).rank();
  TargetDim outer{product(dims, 0, axis)}, inner{product(dims, axis, rank)};
  if (axis == 1) outer.from = 0;
  if (axis == 1 && rank == 2) inner.from = 1;
  return reshaped(c, x, {outer, inner});
}

Result<ValueId> unflattened(NodeContext& c, ValueId y, ValueId like, int axis) {
  std::vector<TargetDim> target;
  for (const Dim& d : c.type(like).dims) target.push_back({d});
  if (axis == 1) target[0].from = 0;
  return reshaped(c, y, target);
}

Result<ValueId> squeezed(NodeContext& c, ValueId x, const std::vector<int64_t>& axes) {
  const std::vector<Dim> dims = c.type(x).dims;
  VERGE_TRY(std::vector<bool> gone, marked(c, axes, static_cast<int>(dims.size())));
  std::vector<TargetDim> target;
  for (size_t i = 0; i < dims.size(); ++i) {
    if (axes.empty() && !dims[i].known()) return c.refuse("which of its dimensions are of size 1 is not known", kFixSizes);
    if (axes.empty()) gone[i] = dims[i].size == 1;
    if (gone[i] && dims[i].known() && dims[i].size != 1) return c.damaged("dimension " + std::to_string(i) + " of " + c.type(x).text() + " is not 1");
    if (!gone[i]) target.push_back({dims[i], static_cast<int>(i)});
  }
  return reshaped(c, x, target);
}

Result<ValueId> unsqueezed(NodeContext& c, ValueId x, const std::vector<int64_t>& axes) {
  const std::vector<Dim> dims = c.type(x).dims;
  const size_t rank = dims.size() + axes.size();
  if (rank > static_cast<size_t>(kMaxRank)) return c.refuse("its result has more than " + std::to_string(kMaxRank) + " dimensions");
  VERGE_TRY(const std::vector<bool> added, marked(c, axes, static_cast<int>(rank)));
  std::vector<TargetDim> target;
  int next = 0;
  for (size_t i = 0; i < rank; ++i) {
    if (added[i]) target.push_back({Dim(1)});
    else target.push_back({dims[next], next}), ++next;
  }
  return reshaped(c, x, target);
}

}  // namespace verge::formats::onnx
