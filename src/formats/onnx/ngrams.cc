// TfIdfVectorizer: how often each n-gram of a list stands in a row of tokens, perhaps weighted.
#include <map>
#include <numeric>

#include "formats/onnx/shorthand.h"
#include "formats/onnx/table.h"

namespace verge::formats::onnx {
namespace {

// The n-grams of one length and the columns that count them.
struct Grams {
  std::vector<int64_t> tokens;   // n each
  std::vector<int64_t> columns;
};

Result<std::map<int64_t, Grams>> grams_of(NodeContext& c) {
  const std::vector<int64_t> pool = c.integers("pool_int64s"), begins = c.integers("ngram_counts"), columns = c.integers("ngram_indexes");
  if (c.has_attr("pool_strings") || pool.empty()) return c.refuse("its tokens are texts", "map the tokens to integers before the model");
  std::map<int64_t, Grams> out;
  size_t next = 0;
  for (size_t i = 0; i < begins.size(); ++i) {
    const int64_t n = static_cast<int64_t>(i) + 1, end = i + 1 < begins.size() ? begins[i + 1] : static_cast<int64_t>(pool.size());
    if (begins[i] < 0 || begins[i] > end || end > static_cast<int64_t>(pool.size()) || (end - begins[i]) % n != 0) return c.damaged("ngram_counts do not divide its pool");
    for (int64_t at = begins[i]; at < end; at += n, ++next) {
      if (next >= columns.size() || columns[next] < 0 || columns[next] > 1 << 24) return c.damaged("ngram_indexes do not fit its pool");
      out[n].tokens.insert(out[n].tokens.end(), pool.begin() + at, pool.begin() + at + n);
      out[n].columns.push_back(columns[next]);
    }
  }
  return out;
}

// How often each gram of `n` tokens, `distance` apart, stands in x [rows, tokens]: [rows, grams] f32.
ValueId counts_of(NodeContext& c, ValueId x, int64_t row, int64_t n, int64_t distance, const Grams& grams) {
  const int64_t windows = row - distance * (n - 1);
  std::vector<int64_t> places;
  for (int64_t w = 0; w < windows; ++w)
    for (int64_t k = 0; k < n; ++k) places.push_back(w + k * distance);
  const auto count = static_cast<int32_t>(grams.columns.size()), length = static_cast<int32_t>(n);
  const ValueId seen = c.add("gather", {x, integers(c, places, {static_cast<int32_t>(windows), 1, length})}, {{"axis", int64_t{1}}});
  const ValueId equal = c.add("equal", {seen, integers(c, grams.tokens, {count, length})});
  const ValueId whole = reduced(c, "reduce_min", cast(c, equal, DataType::kI32), {3}, false);
  return as_f32(c, reduced(c, "reduce_sum", whole, {1}, false));
}

ValueId added(NodeContext& c, ValueId a, ValueId b) { return a.valid() ? c.add("add", {a, b}) : b; }

Result<ValueId> weighted(NodeContext& c, ValueId counts, int32_t columns) {
  const std::string mode = c.text("mode", "");
  if (mode != "TF" && mode != "IDF" && mode != "TFIDF") return c.damaged("mode '" + mode + "' is not known");
  std::vector<double> weights = c.reals("weights");
  if (mode == "TF") return counts;
  const ValueId present = mode == "IDF" ? as_f32(c, c.add("greater", {counts, c.scalar(0, counts)})) : counts;
  if (weights.empty()) return present;
  weights.resize(static_cast<size_t>(columns), 1.0);
  return c.add("mul", {present, reals(c, weights, {columns})});
}

Result<void> tf_idf(NodeContext& c) {
  VERGE_TRY(const Shape shape, known_shape(c, c.in(0), "input"));
  if (shape.rank < 1 || shape.rank > 2) return c.damaged("its input is " + c.type(size_t{0}).text() + ", wants rank 1 or 2");
  VERGE_TRY(const auto all, grams_of(c));
  int64_t columns = 0;
  for (const auto& [n, grams] : all)
    for (const int64_t column : grams.columns) columns = std::max(columns, column + 1);
  const int64_t row = shape.back(0), least = c.integer("min_gram_length", 1), most = c.integer("max_gram_length", 1), skips = c.integer("max_skip_count", 0);
  const ValueId x = cast(c, shaped(c, c.in(0), {-1, row}), DataType::kI64);
  ValueId total;
  for (const auto& [n, grams] : all) {
    if (n < least || n > most) continue;
    ValueId counts;
    for (int64_t distance = 1; distance <= (n == 1 ? 1 : skips + 1) && distance * (n - 1) < row; ++distance) counts = added(c, counts, counts_of(c, x, row, n, distance, grams));
    if (!counts.valid()) continue;
    std::vector<double> to_column(static_cast<size_t>(columns) * grams.columns.size());
    for (size_t g = 0; g < grams.columns.size(); ++g) to_column[static_cast<size_t>(grams.columns[g]) * grams.columns.size() + g] = 1;
    total = added(c, total, c.add("dense", {counts, reals(c, to_column, {static_cast<int32_t>(columns), static_cast<int32_t>(grams.columns.size())})}));
  }
  if (!total.valid()) total = expanded(c, c.constant(Tensor::scalar(0.0f)), {shape.rank == 2 ? shape[0] : 1, columns});
  VERGE_TRY(const ValueId y, weighted(c, total, static_cast<int32_t>(columns)));
  return c.finish(shape.rank == 1 ? shaped(c, y, {columns}) : y);
}

constexpr Row kRows[] = {
    {"TfIdfVectorizer", 9, kNewest, tf_idf},
};

}  // namespace

std::span<const Row> ngram_rows() { return kRows; }

}  // namespace verge::formats::onnx
