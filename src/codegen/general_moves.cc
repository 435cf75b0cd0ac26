// C of what moves values of any type, compares, chooses and stretches them.
#include <algorithm>

#include "codegen/general_parts.h"
#include "core/text.h"
#include "ops/arg/arg_attrs.h"
#include "ops/binary/binary_attrs.h"
#include "ops/concat/concat_attrs.h"
#include "ops/gather/gather_attrs.h"
#include "ops/pad/pad_attrs.h"
#include "ops/resize/resize_attrs.h"
#include "ops/slice/slice_attrs.h"
#include "ops/transpose/transpose_attrs.h"

namespace verge::codegen {
namespace {

// One loop over elements: how often, and what lies between two of them in both tensors.
struct Axis {
  int64_t count, in_step, out_step;
};

// Axes of which each runs through what the next one does are one; innermost ones without gaps are longer elements.
General move_of(std::vector<Axis> axes, int64_t element, int64_t in_first, int64_t out_first) {
  std::erase_if(axes, [](const Axis& a) { return a.count == 1; });
  for (size_t i = axes.size(); i-- > 1;)
    if (axes[i - 1].in_step == axes[i].in_step * axes[i].count && axes[i - 1].out_step == axes[i].out_step * axes[i].count) {
      axes[i - 1] = {axes[i - 1].count * axes[i].count, axes[i].in_step, axes[i].out_step};
      axes.erase(axes.begin() + static_cast<int64_t>(i));
    }
  while (!axes.empty() && axes.back().in_step == element && axes.back().out_step == element) element *= axes.back().count, axes.pop_back();
  std::vector<int64_t> count, in_step, out_step;
  for (const Axis& a : axes) count.push_back(a.count), in_step.push_back(a.in_step), out_step.push_back(a.out_step);
  if (axes.empty()) count = in_step = out_step = {0};
  General out;
  out.name = "vg_move";
  out.sources = {"move"};
  out.fields = format("%zu, %lld, %lld, %lld, %s, %s, %s", axes.size(), big(element), big(in_first), big(out_first), numbers(count).c_str(),
                      numbers(in_step).c_str(), numbers(out_step).c_str());
  out.inputs = {0};
  return out;
}

class Maker : private InstructionReader {
 public:
  using InstructionReader::InstructionReader;

  std::optional<Result<General>> make() {
    switch (op()) {
      case exec::Op::pad: return pad();
      case exec::Op::transpose: return transpose();
      case exec::Op::slice: return slice();
      case exec::Op::concat: return concat();
      case exec::Op::resize: return resize();
      case exec::Op::resize_i8: return resize_weighted();
      case exec::Op::gather: return gather();
      case exec::Op::cast: return cast();
      case exec::Op::compare: return compare();
      case exec::Op::select: return select();
      case exec::Op::arg_reduce: return arg_reduce();
      default: return std::nullopt;
    }
  }

 private:
  Result<General> pad() {
    const auto& a = attrs<exec::PadAttrs>();
    if (a.mode != static_cast<uint32_t>(exec::PadMode::kConstant)) return unsupported("of the pads, that with a constant has C");
    const Shape &x = in(0).shape, &y = out().shape;
    const auto element = static_cast<int64_t>(dtype_bits(in(0).dtype) / 8);
    const std::vector<int64_t> from = steps_of(x, element), to = steps_of(y, element);
    std::vector<Axis> axes;
    int64_t in_first = 0, out_first = 0;
    for (int d = 0; d < x.rank; ++d) {
      const int64_t before = a.before[d], first = std::max<int64_t>(0, -before), last = std::min<int64_t>(x[d], y[d] - before);
      in_first += first * from[static_cast<size_t>(d)], out_first += (first + before) * to[static_cast<size_t>(d)];
      axes.push_back({std::max<int64_t>(0, last - first), from[static_cast<size_t>(d)], to[static_cast<size_t>(d)]});
    }
    General move = move_of(axes, element, in_first, out_first);
    std::vector<int64_t> value(a.value, a.value + element);
    move.name = "vg_pad";
    move.sources = {"move", "pad"};
    move.fields = "{" + move.fields + "}, " + std::to_string(out().bytes()) + ", " + std::to_string(element) + ", " + numbers(value);
    return move;
  }

  Result<General> transpose() {
    const auto& a = attrs<exec::TransposeAttrs>();
    const auto element = static_cast<int64_t>(dtype_bits(in(0).dtype) / 8);
    std::vector<int64_t> from(static_cast<size_t>(a.rank));
    int64_t step = element;
    for (int d = a.rank; d-- > 0; step *= a.dim[d]) from[static_cast<size_t>(d)] = step;
    std::vector<Axis> axes(static_cast<size_t>(a.rank));
    step = element;
    for (size_t d = axes.size(); d-- > 0; step *= axes[d].count) {
      const auto source = static_cast<size_t>(a.perm[d]);
      axes[d] = {a.dim[source], from[source], step};
    }
    return move_of(axes, element, 0, 0);
  }

  Result<General> slice() {
    const auto& a = attrs<exec::SliceAttrs>();
    const auto element = static_cast<int64_t>(dtype_bits(in(0).dtype) / 8);
    const std::vector<int64_t> from = steps_of(in(0).shape, element), to = steps_of(out().shape, element);
    std::vector<Axis> axes;
    int64_t first = 0;
    for (size_t d = 0; d < from.size(); ++d) {
      first += a.start[d] * from[d];
      axes.push_back({out().shape[static_cast<int>(d)], a.step[d] * from[d], to[d]});
    }
    return move_of(axes, element, first, 0);
  }

  Result<General> concat() {
    const int axis = attrs<exec::ConcatAttrs>().axis;
    const auto element = static_cast<int64_t>(dtype_bits(out().dtype) / 8);
    const int64_t row = out().shape.count(axis, out().shape.rank) * element;
    int64_t first = 0;
    General all;
    for (size_t i = 0; i < in_count(); ++i) {
      const int64_t part = in(i).shape.count(axis, in(i).shape.rank) * element;
      all.parts.push_back(move_of({{in(i).shape.count(0, axis), part, row}, {part / element, element, element}}, element, 0, first).fields);
      all.inputs.push_back(i);
      first += part;
    }
    all.name = "vg_move";
    all.sources = {"move"};
    return all;
  }

  Result<General> gather() {
    const int axis = attrs<exec::GatherAttrs>().axis;
    VERGE_TRY(const int type, type_number(in(1).dtype));
    const Shape& x = in(0).shape;
    General made = pointwise(
        "vg_gather_axis", "gather",
        format("%lld, %d, %lld, %lld, %d", big(x.count(0, axis)), x[axis], big(in(1).shape.count()), big(x.count(axis + 1, x.rank) * element_size(0)), type));
    made.sources = {"any_type", "gather"};
    made.inputs = {0, 1};
    return made;
  }

  Result<General> cast() {
    VERGE_TRY(const int from, type_number(in(0).dtype));
    VERGE_TRY(const int to, type_number(out().dtype));
    constexpr const char* kBounds[] = {
        "-128, 127", "0, 255", "-32768, 32767", "-2147483647 - 1, 2147483647", "-9223372036854775807LL - 1, 9223372036854775807LL", "0, 1", "0, 0"};
    General made = pointwise("vg_cast", "cast", format("%lld, %d, %d, %s", big(in(0).shape.count()), from, to, kBounds[to]));
    made.sources = {"any_type", "cast"};
    return made;
  }

  Result<General> compare() {
    VERGE_TRY(const int type, type_number(in(0).dtype));
    General made = pointwise("vg_compare", "compare", broadcast() + format(", %u, %d", attrs<exec::CompareAttrs>().comparison, type));
    made.sources = {"next_place", "any_type", "compare"};
    made.inputs = {0, 1};
    return made;
  }

  Result<General> select() {
    General made = pointwise("vg_select", "select", broadcast(3) + format(", %lld", big(element_size(1))));
    made.sources = {"next_place", "select"};
    made.inputs = {0, 1, 2};
    return made;
  }

  Result<General> arg_reduce() {
    const auto& a = attrs<exec::ArgReduceAttrs>();
    VERGE_TRY(const int type, type_number(in(0).dtype));
    const Shape& x = in(0).shape;
    General made = pointwise("vg_arg_reduce", "arg_reduce",
                             format("%lld, %d, %lld, %d, %u, %u", big(x.count(0, a.axis)), x[a.axis], big(x.count(a.axis + 1, x.rank)), type, a.least, a.last));
    made.sources = {"any_type", "arg_reduce"};
    return made;
  }

  Result<General> resize() {
    const auto& a = attrs<exec::ResizeAttrs>();
    if (!a.nearest) return resize_weighted();
    const Shape &x = in(0).shape, &y = out().shape;
    const int after = a.axis + (a.pair ? 2 : 1);
    General made = pointwise("vg_nearest", "nearest",
                             format("%lld, %d, %d, %d, %d, %lld, $0, $1", big(x.count(0, a.axis)), x[a.axis], a.pair ? x[a.axis + 1] : 1, y[a.axis],
                                    a.pair ? y[a.axis + 1] : 1, big(x.count(after, x.rank) * static_cast<int64_t>(dtype_bits(in(0).dtype) / 8))));
    made.constants = {constant_of(DataType::kI32, values<int32_t>(1)), constant_of(DataType::kI32, values<int32_t>(2))};
    return made;
  }

  Result<General> resize_weighted() {
    const auto& a = attrs<exec::ResizeAttrs>();
    const Shape &x = in(0).shape, &y = out().shape;
    VERGE_TRY(const int type, type_number(in(0).dtype));
    General made = pointwise("vg_resize", "resize_weighted",
                             format("%lld, %d, %d, %d, %d, %lld, %d, %d, %d, $0, $1, $2, $3", big(x.count(0, a.axis)), x[a.axis], a.pair ? x[a.axis + 1] : 1,
                                    y[a.axis], a.pair ? y[a.axis + 1] : 1, big(x.count(a.axis + (a.pair ? 2 : 1), x.rank)), a.y_taps, a.x_taps, type));
    made.sources = {"any_type", "resize_weighted"};
    for (size_t table : {1u, 3u, 2u, 4u}) made.constants.push_back({in(table).dtype, {in(table).as<uint8_t>(), in(table).as<uint8_t>() + in(table).bytes()}});
    made.macs = y.count() * a.y_taps * a.x_taps;
    return made;
  }
};

}  // namespace

std::optional<Result<General>> moving_layer(const rt::Model& model, size_t index) { return Maker(model, index).make(); }

}  // namespace verge::codegen
