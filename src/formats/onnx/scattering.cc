// Elements written or counted where indices say, running sums, positions as marks.
#include <algorithm>
#include <numeric>

#include "formats/onnx/reshaping.h"
#include "formats/onnx/shorthand.h"
#include "formats/onnx/table.h"

namespace verge::formats::onnx {
namespace {

std::vector<int64_t> counted(int64_t n) {
  std::vector<int64_t> out(static_cast<size_t>(std::max<int64_t>(n, 0)));
  std::iota(out.begin(), out.end(), 0);
  return out;
}

Result<void> scatter_elements(NodeContext& c) {
  VERGE_TRY(const int rank, c.rank());
  VERGE_TRY(const int axis, c.axis(c.integer("axis", 0), rank));
  return c.finish(c.add("scatter_elements", {c.in(0), c.in(1), c.in(2)}, {{"axis", int64_t{axis}}, {"reduction", c.text("reduction", "none")}}));
}

Result<void> scatter_nd(NodeContext& c) {
  return c.finish(c.add("scatter_nd", {c.in(0), c.in(1), c.in(2)}, {{"reduction", c.text("reduction", "none")}}));
}

// The shape of ones with `size` at `axis`.
std::vector<int64_t> along(int rank, int axis, int64_t size) {
  std::vector<int64_t> shape(static_cast<size_t>(rank), 1);
  shape[static_cast<size_t>(axis)] = size;
  return shape;
}

// past cache, update, write_indices [batch]: the update's steps go behind write_indices, around the end where the mode is circular.
Result<void> tensor_scatter(NodeContext& c) {
  VERGE_TRY(const Shape cache, known_shape(c, c.in(0), "cache"));
  VERGE_TRY(const Shape update, known_shape(c, c.in(1), "update"));
  VERGE_TRY(const int axis, c.axis(c.integer("axis", -2), cache.rank));
  if (axis == 0 || update.rank != cache.rank) return c.damaged("its update is " + c.type(1).text() + " for a cache of " + c.type(size_t{0}).text());
  ValueId place = shaped(c, c.integers_constant(counted(update[axis])), along(cache.rank, axis, update[axis]));
  if (c.has(2)) place = c.add("add", {place, shaped(c, cast(c, c.in(2), DataType::kI64), along(cache.rank, 0, -1))});
  if (c.text("mode", "linear") == "circular") place = c.add("mod", {place, c.scalar(cache[axis], place)}, {{"fmod", int64_t{0}}});
  const ValueId everywhere = expanded(c, place, {update.dim, update.dim + update.rank});
  return c.finish(c.add("scatter_elements", {c.in(0), everywhere, c.in(1)}, {{"axis", int64_t{axis}}, {"reduction", std::string("none")}}));
}

// Zeros but at the places that a max pool named; indices count the elements of all images.
Result<void> max_unpool(NodeContext& c) {
  VERGE_TRY(const Shape x, known_shape(c, c.in(0), "input"));
  const std::vector<int64_t> kernel = c.integers("kernel_shape");
  const size_t n = kernel.size();
  if (x.rank < 3 || n != static_cast<size_t>(x.rank) - 2) return c.damaged("kernel_shape has " + std::to_string(n) + " numbers for " + c.type(size_t{0}).text());
  const std::vector<int64_t> strides = c.integers("strides", std::vector<int64_t>(n, 1)), pads = c.integers("pads", std::vector<int64_t>(2 * n, 0));
  if (strides.size() != n || pads.size() != 2 * n) return c.damaged("strides or pads do not fit its kernel_shape");
  std::vector<int64_t> shape = {x[0], x[1]};
  for (size_t d = 0; d < n; ++d) shape.push_back((x[static_cast<int>(d) + 2] - 1) * strides[d] - pads[d] - pads[n + d] + kernel[d]);
  int64_t count = 1;
  for (const int64_t size : shape) {
    if (size < 1 || size > (int64_t{1} << 31) / count) return c.damaged("its result has a dimension of " + std::to_string(size));
    count *= size;
  }
  const ValueId zeros = expanded(c, c.scalar(0, c.in(0)), {count}), places = shaped(c, c.in(1), {-1}), values = shaped(c, c.in(0), {-1});
  ValueId y = shaped(c, c.add("scatter_elements", {zeros, places, values}, {{"axis", int64_t{0}}, {"reduction", std::string("none")}}), shape);
  if (c.has(2)) {
    VERGE_TRY(const std::vector<int64_t> wanted, c.ints(2, "output_shape"));
    std::vector<int64_t> ends(2 * shape.size(), 0);
    for (size_t d = 0; d < shape.size() && wanted.size() == shape.size(); ++d) ends[shape.size() + d] = wanted[d] - shape[d];
    if (wanted.size() != shape.size() || *std::min_element(ends.begin(), ends.end()) < 0) return c.damaged("output_shape is smaller than what it unpools to");
    y = c.add("pad", {y}, {{"mode", std::string("constant")}, {"pads", ends}, {"value", 0.0}});
  }
  return c.finish(y);
}

Result<void> cumulate(NodeContext& c) {
  VERGE_TRY(const int rank, c.rank());
  VERGE_TRY(const double wanted, c.number(1, "axis"));
  VERGE_TRY(const int axis, c.axis(static_cast<int64_t>(wanted), rank));
  const Attrs attrs = {{"axis", int64_t{axis}}, {"exclusive", c.integer("exclusive", 0)}, {"reverse", c.integer("reverse", 0)}};
  return c.finish(c.add(c.core(), {c.in(0)}, attrs));
}

// The first `sequence_lens` steps of each of the batch in reverse order.
Result<void> reverse_sequence(NodeContext& c) {
  VERGE_TRY(const Shape x, known_shape(c, c.in(0), "input"));
  VERGE_TRY(const int batch, c.axis(c.integer("batch_axis", 1), x.rank));
  VERGE_TRY(const int time, c.axis(c.integer("time_axis", 0), x.rank));
  const ValueId step = shaped(c, c.integers_constant(counted(x[time])), along(x.rank, time, x[time]));
  const ValueId length = shaped(c, cast(c, c.in(1), DataType::kI64), along(x.rank, batch, -1));
  const ValueId turned = c.add("sub", {c.add("sub", {length, c.scalar(1, length)}), step});
  const ValueId from = c.add("where", {c.add("less", {step, length}), turned, step});
  return c.finish(c.add("gather_elements", {c.in(0), expanded(c, from, {x.dim, x.dim + x.rank})}, {{"axis", int64_t{time}}}));
}

// 1 at the first greatest element along the axis, 0 elsewhere; below opset 13 all dimensions from the axis on are one.
Result<void> hardmax(NodeContext& c) {
  VERGE_TRY(const Shape shape, known_shape(c, c.in(0), "input"));
  VERGE_TRY(int axis, c.axis(c.integer("axis", c.opset() < 13 ? 1 : -1), std::max(shape.rank, 1)));
  ValueId x = c.in(0);
  if (c.opset() < 13) {
    VERGE_TRY(x, flattened(c, x, axis));
    axis = 1;
  }
  VERGE_TRY(const Shape flat, known_shape(c, x, "input"));
  const ValueId best = c.add("arg_max", {x}, {{"axis", int64_t{axis}}, {"keepdims", int64_t{1}}, {"select_last_index", int64_t{0}}});
  const ValueId places = shaped(c, c.integers_constant(counted(flat[axis])), along(flat.rank, axis, flat[axis]));
  const ValueId y = cast(c, c.add("equal", {places, best}), c.type(x).dtype);
  return c.finish(c.opset() < 13 ? shaped(c, y, {shape.dim, shape.dim + shape.rank}) : y);
}

constexpr Row kRows[] = {
    {"CumProd", 26, kNewest, cumulate, "cum_prod"},
    {"CumSum", 11, kNewest, cumulate, "cum_sum"},
    {"Hardmax", 1, kNewest, hardmax},
    {"MaxUnpool", 9, kNewest, max_unpool},
    {"ReverseSequence", 10, kNewest, reverse_sequence},
    {"Scatter", 9, 10, scatter_elements},
    {"ScatterElements", 11, kNewest, scatter_elements},
    {"ScatterND", 11, kNewest, scatter_nd},
    {"TensorScatter", 24, kNewest, tensor_scatter},
};

}  // namespace

std::span<const Row> scattering_rows() { return kRows; }

}  // namespace verge::formats::onnx
