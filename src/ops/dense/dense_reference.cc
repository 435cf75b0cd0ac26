#include "ops/dense/dense.h"

namespace verge::ops {
namespace {

// finish(sum, j) for every row of x [m, k] and every row j of w [n, k].
template <typename T, typename Finish> std::vector<double> products(const std::vector<T>& x, const std::vector<T>& w, size_t n, size_t k, Finish&& finish) {
  std::vector<double> y;
  for (size_t row = 0; row < x.size(); row += k)
    for (size_t j = 0; j < n; ++j) {
      T sum = 0;
      for (size_t i = 0; i < k; ++i) sum += x[row + i] * w[j * k + i];
      y.push_back(finish(sum, j));
    }
  return y;
}

}  // namespace

Result<void> reference_dense(ReferenceContext& c) {
  const size_t n = static_cast<size_t>(c.in[1].shape()[0]), k = static_cast<size_t>(c.in[1].shape()[1]);
  const bool biased = c.in.size() > 2 && c.in[2].dtype() != DataType::kNone;
  if (!is_quantized(c) && !gives_reals(c)) {
    const std::vector<double> bias = biased ? c.in[2].to_doubles() : std::vector<double>(n);
    const RealClamp clamp = real_clamp(c.node);
    store(products(c.in[0].to_doubles(), c.in[1].to_doubles(), n, k, [&](double sum, size_t j) { return clamp(sum + bias[j]); }), c.out[0]);
    return done();
  }
  const std::vector<int64_t> bias = biased ? c.in[2].to_ints() : std::vector<int64_t>(n);
  const QuantParams& w = c.in[1].quant();
  VERGE_TRY(ChannelRequant requant, channel_requant(c.node, c.in[0].quant(), w, c.out[0].quant(), c.out[0].dtype(), n, dense_scale_product(w)));
  if (gives_reals(c)) {
    store(products(centred(c.in[0]), centred(c.in[1]), n, k, [&](int64_t sum, size_t j) { return static_cast<double>(sum + bias[j]) * requant.scale[j]; }), c.out[0]);
    return done();
  }
  requant.wide = is_wide_sum(c.in[0].dtype(), biased ? c.in[2].dtype() : DataType::kNone);
  store(products(centred(c.in[0]), centred(c.in[1]), n, k, [&](int64_t sum, size_t j) { return requant(sum + bias[j], j); }), c.out[0]);
  return done();
}

}  // namespace verge::ops
