// Matrix products: with known weights they are `dense` (weights [out, in]), between activations `matmul`.
#include <algorithm>

#include "formats/onnx/product.h"
#include "formats/onnx/shorthand.h"
#include "formats/onnx/table.h"
#include "formats/onnx/weights.h"

namespace verge::formats::onnx {
namespace {

ValueId scaled(NodeContext& c, ValueId x, double factor) { return factor == 1 ? x : c.add("mul", {x, c.scalar(factor, x)}); }

ValueId flipped(NodeContext& c, ValueId x) {
  const int rank = c.type(x).rank();
  std::vector<int64_t> perm(rank);
  for (int i = 0; i < rank; ++i) perm[i] = i;
  if (rank >= 2) std::swap(perm[rank - 1], perm[rank - 2]);
  return c.add("transpose", {x}, {{"perm", perm}});
}

// A bias of one element a column, [n] or [1, n], can be part of dense; anything else is added behind it.
bool is_column_bias(const TensorType& type, const TensorType& weights) {
  if (!type.is_static() || !weights.is_static() || type.rank() < 1) return false;
  const Shape shape = type.shape();
  return shape.count() == shape.back(0) && shape.back(0) == weights.shape()[0];
}

ValueId as_vector(NodeContext& c, ValueId bias) {
  return c.type(bias).rank() == 1 ? bias : c.add("reshape", {bias}, {{"shape", std::vector<int64_t>{-1}}});
}

}  // namespace

ValueId dense(NodeContext& c, ValueId x, ValueId w, ValueId bias, double bias_factor) {
  if (bias.valid() && is_column_bias(c.type(bias), c.type(w))) return c.add("dense", {x, w, scaled(c, as_vector(c, bias), bias_factor)});
  const ValueId y = c.add("dense", {x, w});
  return bias.valid() ? c.add("add", {y, scaled(c, bias, bias_factor)}) : y;
}

ValueId product(NodeContext& c, const Product& p) {
  const bool known = is_weight(c.graph(), p.b) && c.type(p.b).rank() == 2 && c.type(p.a).rank() >= 1;
  const ValueId a = p.flip_a ? flipped(c, p.a) : p.a;
  if (known) {
    const ValueId w = p.flip_b ? p.b : rearranged(c, p.b, {1, 0});
    if (p.alpha == 1) return dense(c, a, w, p.bias, p.beta);
    const ValueId y = scaled(c, c.add("dense", {a, w}), p.alpha);
    return p.bias.valid() ? c.add("add", {y, scaled(c, p.bias, p.beta)}) : y;
  }
  const ValueId y = scaled(c, c.add("matmul", {a, p.b}, {{"trans_b", int64_t{p.flip_b}}}), p.alpha);
  return p.bias.valid() ? c.add("add", {y, scaled(c, p.bias, p.beta)}) : y;
}

namespace {

Result<void> gemm(NodeContext& c) {
  if (!c.has(0) || !c.has(1)) return c.damaged("an operand is absent");
  if (c.type(0).rank() != 2 || c.type(1).rank() != 2) return c.damaged("its operands have ranks " + std::to_string(c.type(0).rank()) + " and " +
                                                                       std::to_string(c.type(1).rank()) + ", it wants 2 and 2");
  Product p{c.in(0), c.in(1), c.in(2)};
  p.alpha = c.real("alpha", 1);
  p.beta = c.real("beta", 1);
  p.flip_a = c.integer("transA", 0) != 0;
  p.flip_b = c.integer("transB", 0) != 0;
  if (p.beta == 0) p.bias = {};
  return c.finish(product(c, p));
}

Result<void> matmul(NodeContext& c) {
  if (!c.has(0) || !c.has(1)) return c.damaged("an operand is absent");
  return c.finish(product(c, {c.in(0), c.in(1)}));
}

// Of the rows `rows` and columns `columns` of x [..., n, n], by expansion along the first row.
ValueId determinant(NodeContext& c, ValueId x, int axis, const std::vector<int64_t>& rows, const std::vector<int64_t>& columns) {
  const ValueId row = sliced(c, x, axis, rows[0], rows[0] + 1);
  ValueId sum;
  for (size_t i = 0; i < columns.size(); ++i) {
    const ValueId first = sliced(c, row, axis + 1, columns[i], columns[i] + 1);
    std::vector<int64_t> others = columns;
    others.erase(others.begin() + static_cast<int64_t>(i));
    const ValueId term = others.empty() ? first : c.add("mul", {first, determinant(c, x, axis, {rows.begin() + 1, rows.end()}, others)});
    sum = i == 0 ? term : c.add(i % 2 ? "sub" : "add", {sum, term});
  }
  return sum;
}

Result<void> det(NodeContext& c) {
  VERGE_TRY(const Shape shape, known_shape(c, c.in(0), "input"));
  if (shape.rank < 2 || shape.back(0) != shape.back(1) || shape.back(0) < 1) return c.damaged("its input " + c.type(size_t{0}).text() + " has no square matrices");
  if (shape.back(0) > 4) return c.refuse("its matrices have more than 4 rows");
  std::vector<int64_t> all;
  for (int64_t i = 0; i < shape.back(0); ++i) all.push_back(i);
  const ValueId y = determinant(c, c.in(0), shape.rank - 2, all, all);
  return c.finish(shaped(c, y, {shape.dim, shape.dim + shape.rank - 2}));
}

constexpr Row kRows[] = {
    {"Det", 11, kNewest, det},
    {"Gemm", 1, kNewest, gemm},
    {"MatMul", 1, kNewest, matmul},
};

}  // namespace

std::span<const Row> product_rows() { return kRows; }

}  // namespace verge::formats::onnx
