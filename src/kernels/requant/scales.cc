#include "kernels/requant/scales.h"

#include <cmath>

namespace verge {

Multiplier quantize_multiplier(double real) {
  if (real == 0.0) return {};
  int exponent = 0;
  const double fraction = std::frexp(real, &exponent);  // [0.5, 1)
  auto fixed = static_cast<int64_t>(std::round(fraction * 2147483648.0));
  if (fixed == int64_t{1} << 31) {
    fixed /= 2;
    ++exponent;
  }
  if (exponent < -31) return {};
  return {static_cast<int32_t>(fixed), exponent};
}

Multiplier product_multiplier(float x_scale, float w_scale, float y_scale) {
  return quantize_multiplier(static_cast<double>(x_scale) * static_cast<double>(w_scale) / static_cast<double>(y_scale));
}

Multiplier dense_multiplier(float x_scale, float w_scale, float y_scale) {
  const float product = x_scale * w_scale;
  return quantize_multiplier(static_cast<double>(product) / static_cast<double>(y_scale));
}

Multiplier ratio_multiplier(float x_scale, float y_scale) { return quantize_multiplier(static_cast<double>(x_scale) / static_cast<double>(y_scale)); }

Multiplier fixed_point_multiplier(double real, int integer_bits) {
  const double scaled = real * (1 << (31 - integer_bits)), most = 2147483647.0;
  return quantize_multiplier(scaled < most ? scaled : most);
}

int32_t fixed_point_radius(Multiplier multiplier, int integer_bits) {
  const double most = static_cast<double>((1 << integer_bits) - 1) * static_cast<double>(int64_t{1} << (31 - integer_bits));
  return static_cast<int32_t>(std::floor(std::ldexp(most, -multiplier.shift)));
}

int32_t quantize_bound(float real, float scale, int32_t zero_point) { return zero_point + static_cast<int32_t>(std::round(real / scale)); }

}  // namespace verge
