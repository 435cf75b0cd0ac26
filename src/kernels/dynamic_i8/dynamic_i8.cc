#include "kernels/dynamic_i8/dynamic_i8.h"

#include <cmath>
#include <cstring>

namespace verge {
namespace {

struct Range {
  float least = 0, greatest = 0;  // 0 is among the values
};

Range range_of(size_t n, const float* x) {
  Range r;
  for (size_t i = 0; i < n; ++i) {
    r.least = x[i] < r.least ? x[i] : r.least;
    r.greatest = x[i] > r.greatest ? x[i] : r.greatest;
  }
  return r;
}

bool usable(double scale) { return scale > 0 && std::isfinite(scale); }

}  // namespace

DynamicScale asymmetric_scale(size_t n, const float* x) {
  const Range range = range_of(n, x);
  const double least = double{range.least}, greatest = double{range.greatest}, scale = double{range.greatest - range.least} / 255.0;
  if (!usable(scale)) return {};
  const double from_least = -128.0 - least / scale, from_greatest = 127.0 - greatest / scale;
  const bool least_is_finer = 128.0 + std::fabs(least / scale) < 127.0 + std::fabs(greatest / scale);
  const double zero = std::round(least_is_finer ? from_least : from_greatest);
  const auto narrow = static_cast<float>(scale);
  return {narrow, static_cast<int32_t>(zero < -128 ? -128 : zero > 127 ? 127 : zero), 1.0f / narrow};
}

DynamicScale symmetric_scale(size_t n, const float* x) {
  const Range range = range_of(n, x);
  const float most = -range.least > range.greatest ? -range.least : range.greatest;
  return usable(double{most} / 127) ? DynamicScale{most / 127, 0, 127 / most} : DynamicScale{};
}

void quantize_dynamic(size_t n, const float* x, const DynamicScale& scale, bool symmetric, int8_t* q) {
  const float zero = static_cast<float>(scale.zero_point), low = symmetric ? -127.0f : -128.0f;
  for (size_t i = 0; i < n; ++i) {
    const float v = std::round(x[i] * scale.inverse) + zero;
    q[i] = static_cast<int8_t>(v >= low ? (v <= 127 ? v : 127) : low);  // not a number becomes the lowest
  }
}

void finish_dynamic(size_t rows, size_t n, const DynamicScale& x, const DynamicOutput& out, void* values) {
  auto* bytes = static_cast<unsigned char*>(values);
  for (size_t r = 0; r < rows; ++r)
    for (size_t o = 0; o < n; ++o, bytes += sizeof(float)) {
      int32_t sum;
      std::memcpy(&sum, bytes, sizeof(sum));
      const auto shift = static_cast<uint32_t>(x.zero_point) * static_cast<uint32_t>(out.column_sum[o]);
      const auto product = static_cast<float>(static_cast<int32_t>(static_cast<uint32_t>(sum) - shift));
      float y = (out.scales_first ? product * (out.scale[o] * x.scale) : product * out.scale[o] * x.scale) + (out.bias ? out.bias[o] : 0);
      y = y < out.min ? out.min : y > out.max ? out.max : y;
      std::memcpy(bytes, &y, sizeof(y));
    }
}

}  // namespace verge
