// The rules of requant.h on sixteen columns, and the loop over an array of accumulators. Include after one of the vector_*.h.
#pragma once
#include "kernels/requant/requant.h"

namespace verge {
namespace {

class Tflm16 {
 public:
  Tflm16(const Requant& r, size_t n) : multiplier_(load16(r.multiplier + n), load16(r.shift + n)), clamp_(r.min, r.max, r.zero_point) {}
  I32x16 operator()(const I32x16& acc) const { return clamp_(multiplier_(acc)); }

 private:
  Multiplier16 multiplier_;
  Clamp16 clamp_;
};

class Onnx16 {
 public:
  Onnx16(const Requant& r, size_t n) : scale_(load16(r.scale + n)), round_(r.min, r.max, r.zero_point) {}
  I32x16 operator()(const I32x16& acc) const { return round_(mul16(to_float16(acc), scale_)); }

 private:
  F32x16 scale_;
  Round16 round_;
};

template <typename Rule> void requant_rows(size_t rows, size_t columns, const int32_t* acc, size_t acc_stride, const Requant& r, uint8_t* y, size_t y_stride) {
  for (size_t n = 0; n < columns; n += 16) {
    const Rule rule(r, n);
    for (size_t i = 0; i < rows; ++i) store_bytes16(y + i * y_stride + n, rule(load16(acc + i * acc_stride + n, columns - n)), columns - n);
  }
}

inline void requant_all(size_t rows, size_t columns, const int32_t* acc, size_t acc_stride, const Requant& r, uint8_t* y, size_t y_stride) {
  (r.mode == RequantMode::kOnnx ? requant_rows<Onnx16> : requant_rows<Tflm16>)(rows, columns, acc, acc_stride, r, y, y_stride);
}

}  // namespace
}  // namespace verge
