#include "ops/matmul/matmul.h"
#include "ops/quantized.h"
#include "ops/reference_tools.h"

namespace verge::ops {
namespace {

// Matrix `index` of the batch, as its number in a tensor with the given steps.
size_t matrix_of(const MatmulPlan& plan, const int32_t* step, int64_t index) {
  int64_t matrix = 0;
  for (int i = plan.batch.rank - 1; i >= 0; --i, index /= plan.batch[i + 1]) matrix += index % plan.batch[i] * step[i];
  return static_cast<size_t>(matrix);
}

// finish(sum) for every element. T is double, or int64_t for integers less their zero points.
template <typename T, typename Finish>
std::vector<double> products(const MatmulPlan& p, bool transposed, const std::vector<T>& a, const std::vector<T>& b, Finish&& finish) {
  const auto m = static_cast<size_t>(p.m), n = static_cast<size_t>(p.n), k = static_cast<size_t>(p.k);
  std::vector<double> y;
  for (int64_t index = 0; index < p.batch.count(); ++index) {
    const size_t left = matrix_of(p, p.a_step, index) * m * k, right = matrix_of(p, p.b_step, index) * k * n;
    for (size_t i = 0; i < m; ++i)
      for (size_t j = 0; j < n; ++j) {
        T sum = 0;
        for (size_t c = 0; c < k; ++c) sum += a[left + i * k + c] * b[right + (transposed ? j * k + c : c * n + j)];
        y.push_back(finish(sum));
      }
  }
  return y;
}

}  // namespace

Result<void> reference_matmul(ReferenceContext& c) {
  const MatmulPlan plan = matmul_plan(c.node, c.in[0].shape(), c.in[1].shape());
  const bool transposed = c.node.integer("trans_b") != 0;
  if (!is_quantized(c) && is_integer(c.in[0].dtype())) {
    std::vector<int64_t> wrapped;
    const auto keep = [&](uint64_t sum) { return wrapped.push_back(static_cast<int64_t>(sum)), 0.0; };
    const std::vector<int64_t> a = c.in[0].to_ints(), b = c.in[1].to_ints();
    products(plan, transposed, std::vector<uint64_t>(a.begin(), a.end()), std::vector<uint64_t>(b.begin(), b.end()), keep);
    fill_wrapping(c.out[0], wrapped);
    return done();
  }
  if (!is_quantized(c)) {
    store(products(plan, transposed, c.in[0].to_doubles(), c.in[1].to_doubles(), [](double sum) { return sum; }), c.out[0]);
    return done();
  }
  if (c.in[1].quant().per_channel()) return unsupported("operands of a matrix product have one scale each");
  VERGE_TRY(const ChannelRequant requant, channel_requant(c.node, c.in[0].quant(), c.in[1].quant(), c.out[0].quant(), c.out[0].dtype(), 1, ScaleProduct::kFloat));
  store(products(plan, transposed, centred(c.in[0]), centred(c.in[1]), [&](int64_t sum) { return requant(sum, 0); }), c.out[0]);
  return done();
}

}  // namespace verge::ops
