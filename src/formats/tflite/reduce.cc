// Operators that fold axes: reductions, extremes, softmax, norms; and composites, which name a sub-graph of plain operators.
#include "core/text.h"
#include "formats/tflite/builtins.h"

namespace verge::formats::tflite::builtins {
namespace {

using Ints = std::vector<int64_t>;

Result<Attrs> reduce_attrs(Op& op) {
  VERGE_TRY(const auto* o, op.options<schema::ReducerOptions>());
  VERGE_TRY(Ints axes, op.ints(1, "the list of axes"));
  const TensorType x = op.type(size_t{0});
  if (!x.ranked) return op.refuse("the rank of its input is not known");
  for (int64_t& axis : axes) {
    VERGE_TRY(axis, op.axis(axis, x.rank()));
  }
  return Attrs{{"axes", std::move(axes)}, {"keepdims", int64_t{o->keep_dims()}}};
}

// `value` in the element type that the file gives output i: the core counts in i64 where files mostly have i32.
Result<void> set_as_integer(Op& op, size_t i, ValueId value) {
  const DataType wanted = op.output_type(i).dtype;
  if (op.type(value).dtype == wanted) return op.set(i, value);
  return op.result("cast", {value}, {{"to", dtype_name(wanted)}}, i);
}

TensorType plain(DataType dtype) {
  TensorType type;
  type.dtype = dtype;
  return type;
}

}  // namespace

Result<void> reduce(Op& op) {
  VERGE_TRY(Attrs attrs, reduce_attrs(op));
  if (std::get<Ints>(attrs["axes"]).empty()) {
    // The core reads an empty list as all axes, TFLite as none.
    return op.set(0, op.in(0));
  }
  return op.result(op.core(), {op.in(0)}, std::move(attrs));
}

// any(x) = max(x), all(x) = min(x) over 0 and 1.
Result<void> reduce_bool(Op& op) {
  VERGE_TRY(Attrs attrs, reduce_attrs(op));
  if (std::get<Ints>(attrs["axes"]).empty()) return op.set(0, op.in(0));
  VERGE_TRY(const ValueId numbers, op.add_as(plain(DataType::kI32), "cast", {op.in(0)}, {{"to", "i32"}}));
  VERGE_TRY(const ValueId reduced, op.add(op.core(), {numbers}, std::move(attrs)));
  return op.result("cast", {reduced}, {{"to", "bool"}});
}

Result<void> arg_extreme(Op& op) {
  VERGE_TRY(const int64_t given, op.integer(1, "the axis"));
  VERGE_TRY(const int64_t axis, op.axis(given, op.type(size_t{0}).rank()));
  Attrs attrs{{"axis", axis}, {"keepdims", int64_t{0}}, {"select_last_index", int64_t{0}}};
  VERGE_TRY(const ValueId index, op.add_as(plain(DataType::kI64), op.core(), {op.in(0)}, std::move(attrs)));
  return set_as_integer(op, 0, index);
}

Result<void> top_k(Op& op) {
  VERGE_TRY(const int64_t k, op.integer(1, "k"));
  const TensorType x = op.type(size_t{0});
  if (!x.ranked || x.rank() < 1) return corrupt("input 0 is " + x.text() + ", wants rank 1 or more");
  if (k < 0 || (x.dims.back().known() && k > x.dims.back().size)) return corrupt("k is " + std::to_string(k) + " for " + x.text());
  Attrs attrs{{"k", k}, {"axis", int64_t{x.rank() - 1}}, {"largest", int64_t{1}}, {"sorted", int64_t{1}}};
  VERGE_TRY(const std::vector<ValueId> both, op.add_many({op.output_type(0), plain(DataType::kI64)}, op.core(), {op.in(0)}, std::move(attrs)));
  VERGE_CHECK(op.set(0, both[0]));
  return set_as_integer(op, 1, both[1]);
}

Result<void> softmax(Op& op) {
  VERGE_TRY(const auto* o, op.options<schema::SoftmaxOptions>());
  return op.result(op.core(), {op.in(0)}, {{"axis", int64_t{-1}}, {"beta", double{o->beta()}}});
}

Result<void> log_softmax(Op& op) { return op.result(op.core(), {op.in(0)}, {{"axis", int64_t{-1}}}); }

// x / max(|x|, 1e-6) over the last axis.
Result<void> l2_normalisation(Op& op) {
  VERGE_TRY(const auto* o, op.options<schema::L2NormOptions>());
  if (op.type(size_t{0}).quantized()) return op.refuse("L2 normalisation of quantised numbers has no translation", "keep it in float when quantising");
  VERGE_TRY(const ValueId norm, op.add("reduce_l2", {op.in(0)}, {{"axes", Ints{-1}}, {"keepdims", int64_t{1}}}));
  VERGE_TRY(const ValueId safe, op.add("clamp", {norm}, {{"min", 1e-6}}));
  return op.result_activated(op.core(), {op.in(0), safe}, {}, o->fused_activation_function());
}

Result<void> composite(Op& op) {
  const schema::StableHLOCompositeOptions* o = op.source().builtin_options_2_as_StableHLOCompositeOptions();
  if (!o) return corrupt("it names no sub-graph");
  return op.inline_subgraph(o->decomposition_subgraph_index());
}

}  // namespace verge::formats::tflite::builtins
