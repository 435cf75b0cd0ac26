// Operators that move elements: the gradient moves them back.
#include <algorithm>

#include "ops/gradient.h"
#include "ops/shape_rules.h"
#include "ops/transpose/transpose.h"

namespace verge::ops {
namespace {

std::vector<int64_t> sizes(const Shape& shape) { return {shape.dim, shape.dim + shape.rank}; }

// The part [first, first + size) of an axis.
ValueId part(GradientContext& c, ValueId value, int64_t axis, int64_t first, int64_t size) {
  using Ints = std::vector<int64_t>;
  return c.add("slice", {value}, {{"starts", Ints{first}}, {"ends", Ints{first + size}}, {"axes", Ints{axis}}, {"steps", Ints{1}}});
}

ValueId zeros(GradientContext& c, const Shape& shape) { return c.add("expand", {c.number(0)}, {{"shape", sizes(shape)}}); }

}  // namespace

void reshape_gradient(GradientContext& c) { c.give(0, c.reshape(c.dy(), c.shape(c.in(0)))); }

void transpose_gradient(GradientContext& c) {
  const int rank = c.shape(c.in(0)).rank;
  std::vector<int> perm;
  for (int64_t axis : c.node.integers("perm")) perm.push_back(static_cast<int>(axis < 0 ? axis + rank : axis));
  for (int d = rank - 1; perm.size() < static_cast<size_t>(rank); --d) perm.push_back(d);
  const std::vector<int> back = inverse(perm);
  c.give(0, c.add("transpose", {c.dy()}, {{"perm", std::vector<int64_t>(back.begin(), back.end())}}));
}

void pad_gradient(GradientContext& c) {
  if (c.node.text("mode", "constant") != "constant") return c.fail(unsupported("the gradient of padding that repeats its input; pad with a constant"));
  const std::vector<int64_t> pads = c.node.integers("pads");
  const Shape x = c.shape(c.in(0));
  ValueId d = c.dy();
  for (int axis = 0; axis < x.rank; ++axis)
    if (c.shape(d)[axis] != x[axis]) d = part(c, d, axis, pads[static_cast<size_t>(axis)], x[axis]);
  c.give(0, d);
}

void slice_gradient(GradientContext& c) {
  const Shape x = c.shape(c.in(0)), y = c.shape(c.out());
  std::vector<int64_t> axes = c.node.integers("axes"), pads(static_cast<size_t>(2 * x.rank));
  const std::vector<int64_t> starts = c.node.integers("starts"), steps = c.node.integers("steps");
  for (size_t i = 0; axes.size() < starts.size(); ++i) axes.push_back(static_cast<int64_t>(i));
  for (size_t i = 0; i < starts.size(); ++i) {
    if (i < steps.size() && steps[i] != 1) return c.fail(unsupported("the gradient of a slice with a step other than 1"));
    const auto axis = static_cast<size_t>(axes[i] < 0 ? axes[i] + x.rank : axes[i]);
    const int64_t size = x[static_cast<int>(axis)], first = std::clamp<int64_t>(starts[i] < 0 ? starts[i] + size : starts[i], 0, size);
    pads[axis] = first;
    pads[axis + static_cast<size_t>(x.rank)] = size - first - y[static_cast<int>(axis)];
  }
  c.give(0, c.add("pad", {c.dy()}, {{"mode", std::string("constant")}, {"pads", pads}, {"value", 0.0}}));
}

void split_gradient(GradientContext& c) {
  std::vector<ValueId> parts;
  for (size_t i = 0; i < c.node.outputs.size(); ++i) parts.push_back(c.dy(i).valid() ? c.dy(i) : zeros(c, c.shape(c.out(i))));
  c.give(0, c.add("concat", parts, {{"axis", c.node.integer("axis")}}));
}

void concat_gradient(GradientContext& c) {
  const auto axis = axis_of(c.node.integer("axis"), c.shape(c.out()).rank);
  if (!axis.ok()) return c.fail(axis.error());
  int64_t first = 0;
  for (size_t i = 0; i < c.node.inputs.size(); ++i) {
    const int64_t size = c.shape(c.in(i))[*axis];
    if (c.wants(i)) c.give(i, part(c, c.dy(), *axis, first, size));
    first += size;
  }
}

void expand_gradient(GradientContext& c) { c.give(0, c.reduce_to(c.dy(), c.shape(c.in(0)))); }

void rearrange_gradient(GradientContext& c) {
  c.give(0, c.add(c.node.op == "depth_to_space" ? "space_to_depth" : "depth_to_space", {c.dy()}, c.node.attrs));
}

}  // namespace verge::ops
