// A constant on the host: type, shape, optional quantisation, and bytes that copies share and nobody changes.
#pragma once
#include <cassert>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/dtype.h"
#include "base/shape.h"
#include "core/bytes.h"

namespace verge {

// real = scale * (q - zero_point): one entry for the tensor, or one for each index along `axis`. No entries: not quantised.
struct QuantParams {
  std::vector<float> scale;
  std::vector<int32_t> zero_point;
  int32_t axis = -1;

  bool empty() const { return scale.empty(); }
  bool per_channel() const { return scale.size() > 1; }
  friend bool operator==(const QuantParams&, const QuantParams&) = default;
};

class Tensor {
 public:
  Tensor() = default;
  // Zero-filled.
  Tensor(DataType dtype, Shape shape)
      : dtype_(dtype), shape_(shape), bytes_(std::make_shared<Bytes>(dtype_bytes(dtype, static_cast<size_t>(shape.count())))) {}
  Tensor(DataType dtype, Shape shape, Bytes bytes) : dtype_(dtype), shape_(shape), bytes_(std::make_shared<Bytes>(std::move(bytes))) {
    assert(dtype == DataType::kString || bytes_->size() == dtype_bytes(dtype, static_cast<size_t>(shape.count())));
  }
  template <typename T> static Tensor of(Shape shape, std::span<const T> values) {
    Tensor t(dtype_of<T>::value, shape);
    assert(values.size() == static_cast<size_t>(shape.count()));
    if (!values.empty()) std::memcpy(t.data(), values.data(), values.size_bytes());
    return t;
  }
  template <typename T> static Tensor of(Shape shape, const std::vector<T>& values) { return of(shape, std::span<const T>(values)); }
  template <typename T> static Tensor scalar(T value) { return of<T>({}, std::span<const T>(&value, 1)); }

  DataType dtype() const { return dtype_; }
  const Shape& shape() const { return shape_; }
  int64_t count() const { return shape_.count(); }
  ByteSpan bytes() const { return bytes_ ? ByteSpan(*bytes_) : ByteSpan(); }
  template <typename T> std::span<const T> values() const {
    assert(dtype_of<T>::value == dtype_);
    return {reinterpret_cast<const T*>(bytes().data()), static_cast<size_t>(count())};
  }
  // For the one who makes the tensor, before it is shared.
  uint8_t* data() { return bytes_->data(); }
  template <typename T> std::span<T> mut() { return {reinterpret_cast<T*>(bytes_->data()), static_cast<size_t>(count())}; }
  // The same bytes under another shape of equal count.
  Tensor reshaped(Shape shape) const {
    Tensor t = *this;
    assert(shape.count() == shape_.count());
    t.shape_ = shape;
    return t;
  }
  // Element i as a double, whatever the type (not for strings).
  double at(int64_t i) const;
  // All elements as int64 (integers and bool) or double.
  std::vector<int64_t> to_ints() const;
  std::vector<double> to_doubles() const;

  const QuantParams& quant() const { return quant_; }
  void set_quant(QuantParams quant) { quant_ = std::move(quant); }

 private:
  DataType dtype_ = DataType::kNone;
  Shape shape_;
  std::shared_ptr<Bytes> bytes_;
  QuantParams quant_;
};

// The tensor converted to `dtype` element by element: integers saturate, floats to integers truncate toward zero.
Tensor cast_tensor(const Tensor& tensor, DataType dtype);

float f16_to_f32(uint16_t bits);
uint16_t f32_to_f16(float value);  // nearest, ties to even
inline float bf16_to_f32(uint16_t bits) {
  const uint32_t wide = static_cast<uint32_t>(bits) << 16;
  float out;
  std::memcpy(&out, &wide, 4);
  return out;
}
uint16_t f32_to_bf16(float value);  // nearest, ties to even

}  // namespace verge
