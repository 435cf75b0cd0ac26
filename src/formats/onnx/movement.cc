// Elements go to other places: reshapes, transpositions, joins, cuts, padding.
#include <algorithm>
#include <limits>
#include <numeric>

#include "core/text.h"
#include "formats/onnx/reshaping.h"
#include "formats/onnx/table.h"

namespace verge::formats::onnx {
namespace {

constexpr const char* kFixSizes = "give sizes to the symbolic dimensions (--dim NAME=SIZE), or export the model with fixed shapes";

// The target of opset 5 and newer is an input whose elements may be partly symbolic; before, an attribute.
Result<Contents> reshape_target(NodeContext& c) {
  Contents target;
  if (c.has_attr("shape")) {
    for (int64_t n : c.integers("shape")) target.push_back({n, ""});
    return target;
  }
  const auto known = c.contents(1);
  if (!known) return c.not_known(1, "shape");
  return *known;
}

Result<void> reshape(NodeContext& c) {
  VERGE_TRY(const Contents wanted, reshape_target(c));
  const TensorType& x = c.type(size_t{0});
  const bool zero_is_a_size = c.integer("allowzero", 0) != 0;
  std::vector<TargetDim> target;
  for (size_t i = 0; i < wanted.size(); ++i) {
    const Element& e = wanted[i];
    const bool at_its_place = x.ranked && i < x.dims.size();
    const bool copies = e.value == 0 && !zero_is_a_size;
    if (copies && !at_its_place) return c.damaged("its shape copies dimension " + std::to_string(i) + " of " + x.text());
    if (e.value && *e.value < -1) return c.damaged("its shape has a dimension of " + std::to_string(*e.value));
    if (copies) target.push_back({x.dims[i], static_cast<int>(i)});
    else if (e.value) target.push_back({*e.value == -1 ? Dim() : Dim(*e.value)});
    else target.push_back({Dim(), at_its_place && !x.dims[i].known() && !e.symbol.empty() && symbol_of(c.graph(), c.in(0), i) == e.symbol ? static_cast<int>(i) : -1});
  }
  VERGE_TRY(const ValueId y, reshaped(c, c.in(0), target));
  return c.finish(y);
}

Result<void> flatten(NodeContext& c) {
  VERGE_TRY(const int rank, c.rank());
  int64_t axis = c.integer("axis", 1);
  if (axis < 0) axis += rank;
  if (axis < 0 || axis > rank) return c.damaged("axis is out of range for " + c.type(size_t{0}).text());
  VERGE_TRY(const ValueId y, flattened(c, c.in(0), static_cast<int>(axis)));
  return c.finish(y);
}

Result<void> squeeze(NodeContext& c) {
  VERGE_CHECK(c.rank());
  VERGE_TRY(const std::vector<int64_t> axes, c.ints("axes", 1));
  VERGE_TRY(const ValueId y, squeezed(c, c.in(0), axes));
  return c.finish(y);
}

Result<void> unsqueeze(NodeContext& c) {
  VERGE_CHECK(c.rank());
  VERGE_TRY(const std::vector<int64_t> axes, c.ints("axes", 1));
  VERGE_TRY(const ValueId y, unsqueezed(c, c.in(0), axes));
  return c.finish(y);
}

Result<void> transpose(NodeContext& c) {
  VERGE_TRY(const int rank, c.rank());
  std::vector<int64_t> perm = c.integers("perm");
  if (!c.has_attr("perm"))
    for (int i = rank; i-- > 0;) perm.push_back(i);
  std::vector<int64_t> sorted = perm;
  std::sort(sorted.begin(), sorted.end());
  for (int i = 0; i < rank; ++i)
    if (sorted.size() != static_cast<size_t>(rank) || sorted[i] != i) return c.damaged("perm " + bracketed(perm) + " is no order of " + std::to_string(rank) + " dimensions");
  return c.finish(c.add("transpose", {c.in(0)}, {{"perm", perm}}));
}

Result<void> concat(NodeContext& c) {
  VERGE_TRY(const int rank, c.rank());
  VERGE_TRY(const int axis, c.axis(c.integer("axis", 1), rank));
  return c.finish(c.add("concat", c.inputs(), {{"axis", int64_t{axis}}}));
}

// Equal parts; where they do not fit, the last is smaller.
Result<std::vector<int64_t>> equal_parts(NodeContext& c, const Dim& dim) {
  const auto n = static_cast<int64_t>(c.output_count());
  if (!dim.known()) return c.refuse("the size of the dimension that it splits is not known", kFixSizes);
  const int64_t each = (dim.size + n - 1) / n;
  std::vector<int64_t> sizes(n, each);
  sizes.back() = dim.size - each * (n - 1);
  if (sizes.back() < 0) return c.damaged("it cannot split " + std::to_string(dim.size) + " into " + std::to_string(n) + " parts");
  return sizes;
}

Result<void> split(NodeContext& c) {
  VERGE_TRY(const int rank, c.rank());
  VERGE_TRY(const int axis, c.axis(c.integer("axis", 0), rank));
  VERGE_TRY(std::vector<int64_t> sizes, c.ints("split", 1));
  if (c.output_count() == 0) return c.damaged("it has no outputs");
  if (sizes.empty()) {
    VERGE_TRY(sizes, equal_parts(c, c.type(size_t{0}).dims[axis]));
  }
  if (sizes.size() != c.output_count()) return c.damaged("it names " + std::to_string(sizes.size()) + " sizes for " + std::to_string(c.output_count()) + " outputs");
  for (int64_t n : sizes)
    if (n < 0 || n > std::numeric_limits<int32_t>::max()) return c.damaged("a part of size " + std::to_string(n));
  const std::vector<ValueId> parts = c.add_many("split", {c.in(0)}, {{"axis", int64_t{axis}}, {"sizes", sizes}}, sizes.size());
  for (size_t i = 0; i < parts.size(); ++i) VERGE_CHECK(c.finish(parts[i], i));
  return done();
}

Result<void> slice(NodeContext& c) {
  VERGE_TRY(const int rank, c.rank());
  VERGE_TRY(const std::vector<int64_t> starts, c.ints("starts", 1));
  VERGE_TRY(const std::vector<int64_t> ends, c.ints("ends", 2));
  std::vector<int64_t> every(starts.size());
  std::iota(every.begin(), every.end(), 0);
  VERGE_TRY(std::vector<int64_t> axes, c.ints("axes", 3, every));
  VERGE_TRY(std::vector<int64_t> steps, c.ints("steps", 4, std::vector<int64_t>(starts.size(), 1)));
  if (ends.size() != starts.size() || axes.size() != starts.size() || steps.size() != starts.size()) return c.damaged("starts, ends, axes and steps differ in length");
  for (int64_t& a : axes) {
    VERGE_TRY(a, c.axis(a, rank));
  }
  for (int64_t& s : steps) {
    if (s == 0) return c.damaged("a step of 0");
    s = std::clamp<int64_t>(s, -std::numeric_limits<int32_t>::max(), std::numeric_limits<int32_t>::max());  // beyond any dimension
  }
  return c.finish(c.add("slice", {c.in(0)}, {{"starts", starts}, {"ends", ends}, {"steps", steps}, {"axes", axes}}));
}

// Pads of the named axes, spread to all: [begins..., ends...].
Result<std::vector<int64_t>> full_pads(NodeContext& c, const std::vector<int64_t>& pads, int rank) {
  std::vector<int64_t> every(rank);
  std::iota(every.begin(), every.end(), 0);
  VERGE_TRY(const std::vector<int64_t> axes, c.ints("axes", 3, every));
  if (pads.size() != 2 * axes.size()) return c.damaged("it names " + std::to_string(pads.size()) + " pads for " + std::to_string(axes.size()) + " axes");
  std::vector<int64_t> out(2 * rank, 0);
  for (size_t i = 0; i < axes.size(); ++i) {
    VERGE_TRY(const int axis, c.axis(axes[i], rank));
    out[axis] = pads[i];
    out[rank + axis] = pads[axes.size() + i];
  }
  for (int64_t n : out)
    if (n < -std::numeric_limits<int32_t>::max() || n > std::numeric_limits<int32_t>::max()) return c.damaged("a pad of " + std::to_string(n));
  return out;
}

// A negative pad cuts; that part is a slice before the padding.
ValueId cut(NodeContext& c, ValueId x, const std::vector<int64_t>& pads, int rank) {
  std::vector<int64_t> starts, ends, axes;
  for (int i = 0; i < rank; ++i) {
    if (pads[i] >= 0 && pads[rank + i] >= 0) continue;
    axes.push_back(i);
    starts.push_back(std::max<int64_t>(0, -pads[i]));
    ends.push_back(pads[rank + i] < 0 ? pads[rank + i] : std::numeric_limits<int64_t>::max());
  }
  if (axes.empty()) return x;
  return c.add("slice", {x}, {{"starts", starts}, {"ends", ends}, {"axes", axes}, {"steps", std::vector<int64_t>(axes.size(), 1)}});
}

Result<void> pad(NodeContext& c) {
  VERGE_TRY(const int rank, c.rank());
  VERGE_TRY(const std::vector<int64_t> given, c.ints(c.opset() < 2 ? "paddings" : "pads", 1));
  VERGE_TRY(std::vector<int64_t> pads, full_pads(c, given, rank));
  double value = c.real("value", 0);
  if (c.has(2)) {
    VERGE_TRY(value, c.number(2, "constant_value"));
  }
  const std::string mode = c.text("mode", "constant");
  if (mode != "constant" && mode != "reflect" && mode != "edge" && mode != "wrap") return c.refuse("its mode '" + mode + "' is not supported");
  const ValueId x = cut(c, c.in(0), pads, rank);
  for (int64_t& n : pads) n = std::max<int64_t>(0, n);
  return c.finish(c.add("pad", {x}, {{"mode", mode}, {"pads", pads}, {"value", value}}));
}

// A symbolic size is fine where the input has that very dimension: 1 keeps it.
Result<void> expand(NodeContext& c) {
  VERGE_TRY(const int rank, c.rank());
  const auto wanted = c.contents(1);
  if (!wanted) return c.not_known(1, "shape");
  std::vector<int64_t> shape;
  for (size_t i = 0; i < wanted->size(); ++i) {
    const Element& e = (*wanted)[i];
    const int place = rank - static_cast<int>(wanted->size() - i);
    const bool kept = !e.value && place >= 0 && !e.symbol.empty() && symbol_of(c.graph(), c.in(0), place) == e.symbol;
    if (!e.value && !kept) return c.refuse("its shape (input 1) is not known", kFixSizes);
    shape.push_back(kept ? 1 : *e.value);
    if (shape.back() < 0 || shape.back() > std::numeric_limits<int32_t>::max()) return c.damaged("its shape has a dimension of " + std::to_string(shape.back()));
  }
  return c.finish(c.add("expand", {c.in(0)}, {{"shape", shape}}));
}

Result<void> tile(NodeContext& c) {
  VERGE_TRY(const std::vector<int64_t> repeats, c.ints(1, "repeats"));
  for (int64_t n : repeats)
    if (n < 0 || n > std::numeric_limits<int32_t>::max()) return c.damaged("it repeats " + std::to_string(n) + " times");
  return c.finish(c.add("tile", {c.in(0)}, {{"repeats", repeats}}));
}

Result<void> dropout(NodeContext& c) {
  if (c.has(2)) {
    VERGE_TRY(const double training, c.number(2, "training_mode"));
    double ratio = 0.5;
    if (training != 0 && c.has(1)) {
      VERGE_TRY(ratio, c.number(1, "ratio"));
    }
    if (training != 0 && ratio != 0) return c.refuse("it is in training mode", "export the model in evaluation mode (model.eval())");
  }
  if (c.wants(1)) {  // the mask keeps everything
    const ValueId mask = c.add("equal", {c.in(0), c.in(0)});
    VERGE_CHECK(c.finish(c.add("or", {mask, c.add("not", {mask})}), 1));
  }
  return c.finish(c.add("identity", {c.in(0)}));
}

// Cut or padded about the middle; of an odd difference the end has more.
Result<void> center_crop_pad(NodeContext& c) {
  VERGE_TRY(const int rank, c.rank());
  VERGE_TRY(const std::vector<int64_t> wanted, c.ints(1, "shape"));
  std::vector<int64_t> axes(rank);
  std::iota(axes.begin(), axes.end(), 0);
  axes = c.integers("axes", axes);
  if (axes.size() != wanted.size()) return c.damaged("it names " + std::to_string(wanted.size()) + " sizes for " + std::to_string(axes.size()) + " axes");
  std::vector<int64_t> pads(2 * static_cast<size_t>(rank), 0);
  for (size_t i = 0; i < axes.size(); ++i) {
    VERGE_TRY(const int axis, c.axis(axes[i], rank));
    const Dim& have = c.type(size_t{0}).dims[axis];
    if (!have.known()) return c.refuse("the size of axis " + std::to_string(axis) + " is not known", kFixSizes);
    if (wanted[i] < 0 || wanted[i] > std::numeric_limits<int32_t>::max()) return c.damaged("a size of " + std::to_string(wanted[i]));
    const int64_t more = wanted[i] - have.size;
    pads[axis] = more / 2;
    pads[rank + axis] = more - more / 2;
  }
  const ValueId x = cut(c, c.in(0), pads, rank);
  for (int64_t& n : pads) n = std::max<int64_t>(0, n);
  return c.finish(c.add("pad", {x}, {{"mode", std::string("constant")}, {"pads", pads}, {"value", 0.0}}));
}

Result<void> bit_cast(NodeContext& c) {
  const auto to = static_cast<int32_t>(c.integer("to", 0));
  if (dtype_from_onnx(to) == DataType::kNone) return c.refuse("it sees its input as " + onnx_type_name(to) + ", a type that is not supported");
  return c.finish(c.add("bit_cast", {c.in(0)}, {{"to", std::string(dtype_name(dtype_from_onnx(to)))}}));
}

constexpr Row kRows[] = {
    {"BitCast", 26, kNewest, bit_cast},
    {"CenterCropPad", 18, kNewest, center_crop_pad},
    {"Concat", 1, kNewest, concat},
    {"Dropout", 7, kNewest, dropout},
    {"Expand", 8, kNewest, expand},
    {"Flatten", 1, kNewest, flatten},
    {"Pad", 1, kNewest, pad},
    {"Reshape", 1, kNewest, reshape},
    {"Slice", 1, kNewest, slice},
    {"Split", 2, kNewest, split},
    {"Squeeze", 1, kNewest, squeeze},
    {"Tile", 6, kNewest, tile},
    {"Transpose", 1, kNewest, transpose},
    {"Unsqueeze", 1, kNewest, unsqueeze},
};

}  // namespace

std::span<const Row> movement_rows() { return kRows; }

}  // namespace verge::formats::onnx
