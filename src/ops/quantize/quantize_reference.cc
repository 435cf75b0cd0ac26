#include <cmath>

#include "ops/quantize/quantize.h"
#include "ops/quantize/requantize.h"
#include "ops/quantized.h"
#include "ops/reference_tools.h"

namespace verge::ops {
namespace {

// The entry of a per-channel quantisation that element i of `t` has.
size_t channel_of(const Tensor& t, const QuantParams& quant, int64_t i) {
  return quant.per_channel() ? static_cast<size_t>(coordinates_of(t.shape(), i)[static_cast<size_t>(quant.axis)]) : 0;
}

}  // namespace

Result<void> reference_quantize(ReferenceContext& c) {
  VERGE_TRY(const RequantMode mode, requant_mode(c.node));
  Tensor& y = c.out[0];
  const QuantParams quant = y.quant();
  VERGE_TRY(AffineType type, affine_type(y.dtype(), QuantParams{{1.0f}, {0}, -1}, "output"));
  if (quant.empty()) return invalid("output has no scale and zero point");
  const std::span<const float> x = c.in[0].values<float>();
  std::vector<int64_t> values(x.size());
  for (size_t i = 0; i < x.size(); ++i) {
    const size_t channel = channel_of(y, quant, static_cast<int64_t>(i));
    type.zero_point = zero_point(quant, channel);
    values[i] = quantized_value(static_cast<double>(x[i] / scale(quant, channel)), type, mode);
  }
  fill(y, values);
  return done();
}

Result<void> reference_dequantize(ReferenceContext& c) {
  const QuantParams quant = c.in[0].quant();
  std::vector<double> values = c.in[0].to_doubles();
  for (size_t i = 0; i < values.size(); ++i) {
    const size_t channel = channel_of(c.in[0], quant, static_cast<int64_t>(i));
    values[i] = static_cast<double>(scale(quant, channel)) * (values[i] - zero_point(quant, channel));
  }
  fill(c.out[0], values);
  return done();
}

Result<void> reference_requantize(ReferenceContext& c) {
  VERGE_TRY(const RequantMode mode, requant_mode(c.node));
  VERGE_TRY(const AffineType x, affine_type(c.in[0], "input"));
  VERGE_TRY(const AffineType y, affine_type(c.out[0], "output"));
  const Requantizer requantize(x, y, mode);
  std::vector<int64_t> values = c.in[0].to_ints();
  for (int64_t& v : values) v = requantize(static_cast<int32_t>(v));
  fill(c.out[0], values);
  return done();
}

}  // namespace verge::ops
