#include "ir/tensor.h"

#include <cmath>

#include "base/half.h"
#include "base/integers.h"

namespace verge {
namespace {

template <typename T> double load(const uint8_t* bytes, int64_t i) {
  T value;
  std::memcpy(&value, bytes + i * static_cast<int64_t>(sizeof(T)), sizeof(T));
  return static_cast<double>(value);
}

int nibble(const uint8_t* bytes, int64_t i) { return (bytes[i / 2] >> (i % 2 * 4)) & 15; }

template <typename T> void store(uint8_t* bytes, int64_t i, double value) {
  T out;
  if constexpr (std::is_floating_point_v<T>) out = static_cast<T>(value);
  else out = to_integer<T>(value);
  std::memcpy(bytes + i * static_cast<int64_t>(sizeof(T)), &out, sizeof(T));
}

void store_as(DataType dtype, uint8_t* bytes, int64_t i, double value) {
  switch (dtype) {
    case DataType::kF32: return store<float>(bytes, i, value);
    case DataType::kF64: return store<double>(bytes, i, value);
    case DataType::kF16: { const uint16_t h = f32_to_f16(static_cast<float>(value)); std::memcpy(bytes + 2 * i, &h, 2); return; }
    case DataType::kBF16: { const uint16_t h = f32_to_bf16(static_cast<float>(value)); std::memcpy(bytes + 2 * i, &h, 2); return; }
    case DataType::kI8: return store<int8_t>(bytes, i, value);
    case DataType::kU8: return store<uint8_t>(bytes, i, value);
    case DataType::kI16: return store<int16_t>(bytes, i, value);
    case DataType::kU16: return store<uint16_t>(bytes, i, value);
    case DataType::kI32: return store<int32_t>(bytes, i, value);
    case DataType::kU32: return store<uint32_t>(bytes, i, value);
    case DataType::kI64: return store<int64_t>(bytes, i, value);
    case DataType::kU64: return store<uint64_t>(bytes, i, value);
    case DataType::kBool: bytes[i] = value != 0; return;
    case DataType::kI4:
    case DataType::kU4: {
      const int v = to_integer<int>(value) & 15;
      const int shift = static_cast<int>(i % 2) * 4;
      bytes[i / 2] = static_cast<uint8_t>((bytes[i / 2] & ~(15 << shift)) | (v << shift));
      return;
    }
    default: return;
  }
}

}  // namespace

double Tensor::at(int64_t i) const {
  const uint8_t* p = bytes().data();
  switch (dtype_) {
    case DataType::kF32: return load<float>(p, i);
    case DataType::kF64: return load<double>(p, i);
    case DataType::kF16: { uint16_t h; std::memcpy(&h, p + 2 * i, 2); return f16_to_f32(h); }
    case DataType::kBF16: { uint16_t h; std::memcpy(&h, p + 2 * i, 2); return bf16_to_f32(h); }
    case DataType::kI8: return load<int8_t>(p, i);
    case DataType::kBool:
    case DataType::kU8: return load<uint8_t>(p, i);
    case DataType::kI16: return load<int16_t>(p, i);
    case DataType::kU16: return load<uint16_t>(p, i);
    case DataType::kI32: return load<int32_t>(p, i);
    case DataType::kU32: return load<uint32_t>(p, i);
    case DataType::kI64: return load<int64_t>(p, i);
    case DataType::kU64: return load<uint64_t>(p, i);
    case DataType::kI4: { const int v = nibble(p, i); return v >= 8 ? v - 16 : v; }
    case DataType::kU4: return nibble(p, i);
    default: return 0;
  }
}

std::vector<int64_t> Tensor::to_ints() const {
  std::vector<int64_t> out(static_cast<size_t>(count()));
  if (dtype_ == DataType::kI64 || dtype_ == DataType::kU64) {  // u64 keeps its bits
    if (!out.empty()) std::memcpy(out.data(), bytes().data(), out.size() * sizeof(int64_t));
    return out;
  }
  for (int64_t i = 0; i < count(); ++i) out[i] = to_integer<int64_t>(at(i));
  return out;
}

std::vector<double> Tensor::to_doubles() const {
  std::vector<double> out(static_cast<size_t>(count()));
  for (int64_t i = 0; i < count(); ++i) out[i] = at(i);
  return out;
}

Tensor cast_tensor(const Tensor& tensor, DataType dtype) {
  if (tensor.dtype() == dtype) return tensor;
  Tensor out(dtype, tensor.shape());
  for (int64_t i = 0; i < tensor.count(); ++i) store_as(dtype, out.data(), i, tensor.at(i));
  return out;
}

float f16_to_f32(uint16_t bits) { return half_to_float(bits); }
uint16_t f32_to_f16(float value) { return float_to_half(value); }
uint16_t f32_to_bf16(float value) { return float_to_bfloat(value); }

}  // namespace verge
