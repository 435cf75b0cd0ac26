#include "ops/affine.h"

#include <cmath>
#include <limits>

namespace verge::ops {
namespace {

template <typename T> AffineType with_range(AffineType type) {
  type.min = std::numeric_limits<T>::min();
  type.max = std::numeric_limits<T>::max();
  return type;
}

}  // namespace

Result<AffineType> affine_type(DataType dtype, const QuantParams& quant, const char* what) {
  if (quant.empty()) return unsupported(std::string(what) + " is " + dtype_name(dtype) + " without scale and zero point, wants a quantised tensor");
  if (quant.per_channel()) return unsupported(std::string(what) + " is quantised per channel, wants one scale");
  if (!(quant.scale[0] > 0) || !std::isfinite(quant.scale[0])) return invalid(std::string(what) + " has scale " + std::to_string(quant.scale[0]));
  const AffineType type{dtype, quant.scale[0], quant.zero_point.empty() ? 0 : quant.zero_point[0]};
  switch (dtype) {
    case DataType::kI8: return with_range<int8_t>(type);
    case DataType::kU8: return with_range<uint8_t>(type);
    case DataType::kI16: return with_range<int16_t>(type);
    case DataType::kU16: return with_range<uint16_t>(type);
    case DataType::kI32: return with_range<int32_t>(type);
    default: return unsupported(std::string(what) + " is quantised as " + dtype_name(dtype) + ", wants i8, u8, i16, u16 or i32");
  }
}

int32_t quantized_value(double real, const AffineType& type, RequantMode mode) {
  const double ratio = real / static_cast<double>(type.scale);
  if (ratio != ratio) return type.zero_point;
  return type.saturated((mode == RequantMode::kOnnx ? std::nearbyint(ratio) : std::round(ratio)) + type.zero_point);
}

}  // namespace verge::ops
