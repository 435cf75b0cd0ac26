#include <algorithm>
#include <cmath>

#include "kernels/softmax_i8/softmax_i8.h"
#include "ops/quantized.h"
#include "ops/reference_tools.h"
#include "ops/shape_rules.h"
#include "ops/softmax/softmax.h"

namespace verge::ops {
namespace {

// f(values along the axis, in place) for every line.
template <typename T, typename F> void for_lines(const Shape& shape, int axis, std::vector<T>& values, const F& f) {
  const int64_t n = shape.rank ? shape[axis] : 1, inner = shape.rank ? shape.count(axis + 1, shape.rank) : 1;
  std::vector<T> line(static_cast<size_t>(n));
  for (int64_t start = 0; n > 0 && start < static_cast<int64_t>(values.size()); ++start) {
    if (start / inner % n != 0) continue;
    for (int64_t i = 0; i < n; ++i) line[i] = values[start + i * inner];
    f(line);
    for (int64_t i = 0; i < n; ++i) values[start + i * inner] = line[i];
  }
}

void softmax_line(std::vector<double>& line, double beta, bool log) {
  const double most = *std::max_element(line.begin(), line.end());
  double sum = 0;
  for (double v : line) sum += std::exp(beta * (v - most));
  for (double& v : line) v = log ? beta * (v - most) - std::log(sum) : std::exp(beta * (v - most)) / sum;
}

Result<void> fixed_point(ReferenceContext& c, int axis, const AffineType& x, const AffineType& y) {
  std::vector<int32_t> table(kSoftmaxTable);
  make_softmax_table(x.scale, static_cast<float>(c.node.real("beta", 1)), table.data());
  const auto types = x.dtype == DataType::kU8 ? SoftmaxI8Types::kU8ToU8 : y.dtype == DataType::kI16 ? SoftmaxI8Types::kI8ToI16 : SoftmaxI8Types::kI8ToI8;
  std::vector<int64_t> values = c.in[0].to_ints();
  for_lines(c.in[0].shape(), axis, values, [&](std::vector<int64_t>& line) {
    Tensor in(x.dtype, {static_cast<int32_t>(line.size())}), out(y.dtype, in.shape());
    fill(in, line);
    softmax_i8(types, 1, line.size(), {table.data()}, in.bytes().data(), out.data());
    line = out.to_ints();
  });
  fill(c.out[0], values);
  return done();
}

}  // namespace

Result<void> reference_softmax(ReferenceContext& c) {
  const Tensor& x = c.in[0];
  VERGE_TRY(const int axis, axis_of(c.node.integer("axis", -1), std::max(x.shape().rank, 1)));
  const double beta = c.node.real("beta", 1);
  std::vector<double> values = x.to_doubles();
  const auto line = [&](std::vector<double>& l) { softmax_line(l, beta, c.node.op == "log_softmax"); };
  if (x.quant().empty()) {
    for_lines(x.shape(), axis, values, line);
    fill(c.out[0], values);
    return done();
  }
  VERGE_TRY(const AffineType from, affine_type(x, "input"));
  VERGE_TRY(const AffineType to, affine_type(c.out[0], "output"));
  VERGE_TRY(const RequantMode mode, requant_mode(c.node));
  if (is_fixed_point_softmax(c.node, from, to)) return fixed_point(c, axis, from, to);
  for (double& v : values) v = from.real(static_cast<int32_t>(v));
  for_lines(x.shape(), axis, values, line);
  std::vector<int64_t> q(values.size());
  for (size_t i = 0; i < q.size(); ++i) q[i] = quantized_value(values[i], to, mode);
  fill(c.out[0], q);
  return done();
}

}  // namespace verge::ops
