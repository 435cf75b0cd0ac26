// A typed window on memory that somebody else owns.
#pragma once
#include "base/dtype.h"
#include "base/shape.h"

namespace verge {

// real = scale * (q - zero_point). One entry per tensor, or `count` entries along `axis`.
struct QuantView {
  const float* scale = nullptr;
  const int32_t* zero_point = nullptr;
  int32_t count = 0;  // 0: not quantised
  int32_t axis = -1;
};

struct TensorView {
  void* data = nullptr;
  DataType dtype = DataType::kNone;
  Shape shape;
  QuantView quant;

  template <typename T> const T* as() const { return static_cast<const T*>(data); }
  template <typename T> T* mut() const { return static_cast<T*>(data); }
  size_t bytes() const { return dtype_bytes(dtype, static_cast<size_t>(shape.count())); }
};

}  // namespace verge
