// Losses of training graphs, as plain operators: -weight[t] * log p[t] for each target t, and how they are summed up.
#include "formats/onnx/reshaping.h"
#include "formats/onnx/shorthand.h"
#include "formats/onnx/table.h"

namespace verge::formats::onnx {
namespace {

ValueId summed(NodeContext& c, ValueId x) { return reduced(c, "reduce_sum", x, {}, false); }

// log_p [n, classes, d...], targets (input 1) [n, d...], weights of the classes (input 2).
Result<void> finish_loss(NodeContext& c, ValueId log_p) {
  const std::string reduction = c.text("reduction", "mean");
  if (reduction != "none" && reduction != "mean" && reduction != "sum") return c.damaged("reduction '" + reduction + "' is not known");
  const bool ignores = c.has_attr("ignore_index");
  const ValueId target = cast(c, c.in(1), DataType::kI64);
  const ValueId kept = ignores ? c.add("not", {c.add("equal", {target, c.scalar(static_cast<double>(c.integer("ignore_index", 0)), target)})}) : ValueId{};
  const ValueId at = ignores ? c.add("where", {kept, target, c.scalar(0, target)}) : target;
  VERGE_TRY(const ValueId column, unsqueezed(c, at, {1}));
  VERGE_TRY(const ValueId picked, squeezed(c, c.add("gather_elements", {log_p, column}, {{"axis", int64_t{1}}}), {1}));
  ValueId weight = c.has(2) ? c.add("gather", {c.in(2), at}, {{"axis", int64_t{0}}}) : ValueId{};
  if (ignores && weight.valid()) weight = c.add("where", {kept, weight, c.scalar(0, weight)});
  else if (ignores) weight = cast(c, kept, c.type(log_p).dtype);
  ValueId loss = c.add("neg", {picked});
  if (weight.valid()) loss = c.add("mul", {loss, weight});
  if (reduction == "none") return c.finish(loss);
  if (reduction == "sum") return c.finish(summed(c, loss));
  return c.finish(weight.valid() ? c.add("div", {summed(c, loss), summed(c, weight)}) : reduced(c, "reduce_mean", loss, {}, false));
}

Result<void> negative_log_likelihood(NodeContext& c) { return finish_loss(c, c.in(0)); }

Result<void> softmax_cross_entropy(NodeContext& c) {
  VERGE_CHECK(c.rank());
  const ValueId log_p = c.add("log_softmax", {c.in(0)}, {{"axis", int64_t{1}}});
  if (c.wants(1)) VERGE_CHECK(c.finish(log_p, 1));
  return finish_loss(c, log_p);
}

constexpr Row kRows[] = {
    {"NegativeLogLikelihoodLoss", 12, kNewest, negative_log_likelihood},
    {"SoftmaxCrossEntropyLoss", 12, kNewest, softmax_cross_entropy},
};

}  // namespace

std::span<const Row> loss_rows() { return kRows; }

}  // namespace verge::formats::onnx
