// Reductions over axes, positions of extremes.
#include "formats/onnx/shorthand.h"
#include "formats/onnx/table.h"

namespace verge::formats::onnx {
namespace {

// The greatest of bools is whether any is true, the least whether none is false; of none at all false and true.
Result<void> reduce_bools(NodeContext& c, const std::vector<int64_t>& axes, bool keepdims) {
  const bool any = std::string(c.core()) == "reduce_max";
  if (!any && std::string(c.core()) != "reduce_min") return c.damaged("its input is " + c.type(size_t{0}).text());
  const ValueId counted = cast(c, any ? c.in(0) : c.add("not", {c.in(0)}), DataType::kI32), sum = reduced(c, "reduce_sum", counted, axes, keepdims);
  return c.finish(c.add(any ? "greater" : "equal", {sum, c.scalar(0, sum)}));
}

// The axes are an attribute, since opset 13 (ReduceSum) or 18 (the others) an input.
Result<void> reduce(NodeContext& c) {
  VERGE_TRY(const std::vector<int64_t> axes, c.ints("axes", 1));
  if (axes.empty() && c.integer("noop_with_empty_axes", 0)) return c.finish(c.in(0));
  if (c.type(size_t{0}).ranked)
    for (int64_t a : axes) VERGE_CHECK(c.axis(a, c.type(size_t{0}).rank()));
  const bool keepdims = c.integer("keepdims", 1) != 0;
  if (c.type(size_t{0}).dtype == DataType::kBool) return reduce_bools(c, axes, keepdims);
  return c.finish(reduced(c, c.core(), c.in(0), axes, keepdims));
}

Result<void> position(NodeContext& c) {
  VERGE_TRY(const int rank, c.rank());
  VERGE_TRY(const int axis, c.axis(c.integer("axis", 0), rank));
  const Attrs attrs = {{"axis", int64_t{axis}}, {"keepdims", c.integer("keepdims", 1)}, {"select_last_index", c.integer("select_last_index", 0)}};
  return c.finish(c.add(c.core(), {c.in(0)}, attrs));
}

Result<void> top_k(NodeContext& c) {
  VERGE_TRY(const int rank, c.rank());
  VERGE_TRY(const int axis, c.axis(c.integer("axis", -1), rank));
  std::vector<int64_t> k = {c.integer("k", 0)};
  if (!c.has_attr("k")) {
    VERGE_TRY(k, c.ints(1, "k"));
  }
  if (k.size() != 1) return c.damaged("k has " + std::to_string(k.size()) + " elements, wants 1");
  const Attrs attrs = {{"k", k[0]}, {"axis", int64_t{axis}}, {"largest", c.integer("largest", 1)}, {"sorted", c.integer("sorted", 1)}};
  const std::vector<ValueId> out = c.add_many("top_k", {c.in(0)}, attrs, 2);
  VERGE_CHECK(c.finish(out[0], 0));
  return c.finish(out[1], 1);
}

constexpr Row kRows[] = {
    {"ArgMax", 1, kNewest, position, "arg_max"},
    {"ArgMin", 1, kNewest, position, "arg_min"},
    {"ReduceL1", 1, kNewest, reduce, "reduce_l1"},
    {"ReduceL2", 1, kNewest, reduce, "reduce_l2"},
    {"ReduceLogSum", 1, kNewest, reduce, "reduce_log_sum"},
    {"ReduceLogSumExp", 1, kNewest, reduce, "reduce_log_sum_exp"},
    {"ReduceMax", 1, kNewest, reduce, "reduce_max"},
    {"ReduceMean", 1, kNewest, reduce, "reduce_mean"},
    {"ReduceMin", 1, kNewest, reduce, "reduce_min"},
    {"ReduceProd", 1, kNewest, reduce, "reduce_prod"},
    {"ReduceSum", 1, kNewest, reduce, "reduce_sum"},
    {"ReduceSumSquare", 1, kNewest, reduce, "reduce_sum_square"},
    {"TopK", 1, kNewest, top_k},
};

}  // namespace

std::span<const Row> reduction_rows() { return kRows; }

}  // namespace verge::formats::onnx
