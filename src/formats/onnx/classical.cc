// Trees, linear models and what stands before and after them, of the domain ai.onnx.ml.
#include <algorithm>

#include "formats/onnx/table.h"
#include "formats/onnx/trees.h"

namespace verge::formats::onnx {
namespace {

ValueId as_f32(NodeContext& c, ValueId value) { return c.type(value).dtype == DataType::kF32 ? value : c.add("cast", {value}, {{"to", std::string("f32")}}); }

// Numbers of a model in f32; those of 64 bits would be rounded on the way.
Result<ValueId> features(NodeContext& c) {
  if (c.type(size_t{0}).dtype == DataType::kF64) return c.refuse("an input in double", "export with float inputs");
  return as_f32(c, c.in(0));
}

Tensor floats(const Shape& shape, const std::vector<double>& values) { return cast_tensor(Tensor::of(shape, values), DataType::kF32); }

Tensor row(const std::vector<double>& values) { return floats({static_cast<int32_t>(values.size())}, values); }

Result<ValueId> transformed(NodeContext& c, ValueId scores) {
  const std::string how = c.text("post_transform", "NONE");
  if (how == "NONE") return scores;
  if (how == "LOGISTIC") return c.add("sigmoid", {scores});
  if (how == "SOFTMAX") return c.add("softmax", {scores}, {{"axis", int64_t{-1}}});
  return c.refuse("post_transform " + how + "; NONE, LOGISTIC and SOFTMAX are supported");
}

ValueId with_base(NodeContext& c, ValueId scores) {
  const std::vector<double> base = c.reals("base_values");
  return base.empty() ? scores : c.add("add", {scores, c.constant(row(base), "base")});
}

// Output 0 of a classifier: the label at `index` [batch].
Result<void> finish_label(NodeContext& c, ValueId index, const std::vector<int64_t>& labels) {
  if (!c.wants(0)) return done();
  if (labels.empty()) return c.refuse("labels that are strings", "export with integer labels, or read the scores alone");
  return c.finish(c.add("gather", {c.integers_constant(labels), index}, {{"axis", int64_t{0}}}), 0);
}

Result<void> finish_classes(NodeContext& c, ValueId scores, const std::vector<int64_t>& labels) {
  VERGE_CHECK(finish_label(c, c.add("arg_max", {scores}, {{"axis", int64_t{1}}, {"keepdims", int64_t{0}}}), labels));
  VERGE_TRY(const ValueId out, transformed(c, scores));
  return c.finish(out, 1);
}

// Two classes of which the file weighs the second alone: its score is a probability, or a margin when weights can be negative, and decides the label.
Result<void> finish_one_class(NodeContext& c, ValueId scores, bool probability, const std::vector<int64_t>& labels) {
  const ValueId score = c.add("gather", {scores, c.integers_constant({1})}, {{"axis", int64_t{1}}});
  const ValueId above = c.add("greater", {score, c.scalar(probability ? 0.5 : 0, score)});
  const ValueId index = c.add("reshape", {c.add("cast", {above}, {{"to", std::string("i64")}})}, {{"shape", std::vector<int64_t>{-1}}});
  VERGE_CHECK(finish_label(c, index, labels));
  VERGE_TRY(const ValueId out, transformed(c, scores));
  return c.finish(out, 1);
}

void average(Ensemble& e) {
  for (Tree& tree : e.trees)
    for (LeafWeight& w : tree.weights) w.weight /= static_cast<double>(e.trees.size());
}

Result<void> tree_regressor(NodeContext& c) {
  VERGE_TRY(const ValueId x, features(c));
  VERGE_TRY(Ensemble e, read_ensemble(c, "target", c.integer("n_targets", 1)));
  const std::string how = c.text("aggregate_function", "SUM");
  if (how != "SUM" && how != "AVERAGE") return c.refuse("aggregate_function " + how + "; SUM and AVERAGE are supported");
  if (how == "AVERAGE") average(e);
  VERGE_TRY(const ValueId sums, add_ensemble(c, x, e));
  VERGE_TRY(const ValueId y, transformed(c, with_base(c, sums)));
  return c.finish(y);
}

size_t class_count(NodeContext& c, const char* integers, const char* strings) { return std::max(c.integers(integers).size(), c.texts(strings).size()); }

Result<void> tree_classifier(NodeContext& c) {
  VERGE_TRY(const ValueId x, features(c));
  const auto classes = static_cast<int64_t>(class_count(c, "classlabels_int64s", "classlabels_strings"));
  VERGE_TRY(Ensemble e, read_ensemble(c, "class", std::max<int64_t>(classes, 1)));
  bool first = false, second = false, probability = true;
  for (const Tree& tree : e.trees)
    for (const LeafWeight& w : tree.weights) first |= w.target == 0, second |= w.target == 1, probability &= w.weight >= 0;
  if (classes == 2 && !second) return c.refuse("two classes of which the first alone is weighed", "weigh both classes, or the second");
  VERGE_TRY(const ValueId sums, add_ensemble(c, x, e));
  const std::vector<int64_t> labels = c.integers("classlabels_int64s");
  return classes == 2 && !first ? finish_one_class(c, with_base(c, sums), probability, labels) : finish_classes(c, with_base(c, sums), labels);
}

// [rows, features] of the attribute `coefficients`.
Result<ValueId> linear(NodeContext& c, int64_t rows) {
  VERGE_TRY(const ValueId x, features(c));
  const std::vector<double> w = c.reals("coefficients"), b = c.reals("intercepts");
  if (rows < 1 || w.empty() || w.size() % static_cast<size_t>(rows) != 0)
    return c.damaged(std::to_string(w.size()) + " coefficients for " + std::to_string(rows) + " outputs");
  std::vector<ValueId> in = {x,
                             c.constant(floats({static_cast<int32_t>(rows), static_cast<int32_t>(w.size()) / static_cast<int32_t>(rows)}, w), "coefficients")};
  if (!b.empty()) in.push_back(c.constant(row(b), "intercepts"));
  return c.add("dense", in);
}

Result<void> linear_regressor(NodeContext& c) {
  VERGE_TRY(const ValueId sums, linear(c, c.integer("targets", 1)));
  VERGE_TRY(const ValueId y, transformed(c, sums));
  return c.finish(y);
}

Result<void> linear_classifier(NodeContext& c) {
  const size_t classes = class_count(c, "classlabels_ints", "classlabels_strings"), rows = c.reals("intercepts").size();
  if (rows != classes) return c.refuse(std::to_string(rows) + " rows of coefficients for " + std::to_string(classes) + " classes");
  VERGE_TRY(const ValueId scores, linear(c, static_cast<int64_t>(classes)));
  return finish_classes(c, scores, c.integers("classlabels_ints"));
}

// (x - offset) * scale
Result<void> scaler(NodeContext& c) {
  VERGE_TRY(ValueId x, features(c));
  if (const auto offset = c.reals("offset"); !offset.empty()) x = c.add("sub", {x, c.constant(row(offset), "offset")});
  if (const auto scale = c.reals("scale"); !scale.empty()) x = c.add("mul", {x, c.constant(row(scale), "scale")});
  return c.finish(x);
}

// Each row divided by its largest value, its sum of absolutes or its length; a row of zeros stays.
Result<void> normalizer(NodeContext& c) {
  VERGE_TRY(const ValueId x, features(c));
  const std::string norm = c.text("norm", "MAX");
  if (norm != "MAX" && norm != "L1" && norm != "L2") return c.damaged("norm is '" + norm + "', wants MAX, L1 or L2");
  const char* reduce = norm == "MAX" ? "reduce_max" : norm == "L1" ? "reduce_l1" : "reduce_l2";
  const ValueId size = c.add(reduce, {x}, {{"axes", std::vector<int64_t>{-1}}, {"keepdims", int64_t{1}}});
  const ValueId none = c.add("equal", {size, c.scalar(0, size)});
  return c.finish(c.add("div", {x, c.add("where", {none, c.scalar(1, size), size})}));
}

Result<void> binarizer(NodeContext& c) {
  const ValueId above = c.add("greater", {c.in(0), c.scalar(c.real("threshold", 0), c.in(0))});
  return c.finish(c.add("cast", {above}, {{"to", std::string(dtype_name(c.type(size_t{0}).dtype))}}));
}

// Columns of the last dimension; a vector is one row.
Result<void> array_feature_extractor(NodeContext& c) {
  VERGE_TRY(const int rank, c.rank());
  VERGE_TRY(const std::vector<int64_t> columns, c.ints(1, "columns"));
  const ValueId x = rank == 1 ? c.add("reshape", {c.in(0)}, {{"shape", std::vector<int64_t>{1, -1}}}) : c.in(0);
  return c.finish(c.add("gather", {x, c.integers_constant(columns)}, {{"axis", int64_t{-1}}}));
}

constexpr Row kRows[] = {
    {"ArrayFeatureExtractor", 1, kNewest, array_feature_extractor},
    {"Binarizer", 1, kNewest, binarizer},
    {"LinearClassifier", 1, kNewest, linear_classifier},
    {"LinearRegressor", 1, kNewest, linear_regressor},
    {"Normalizer", 1, kNewest, normalizer},
    {"Scaler", 1, kNewest, scaler},
    {"TreeEnsembleClassifier", 1, kNewest, tree_classifier},
    {"TreeEnsembleRegressor", 1, kNewest, tree_regressor},
};

}  // namespace

std::span<const Row> classical_rows() { return kRows; }

}  // namespace verge::formats::onnx
