// The rules of requant.h on sixteen columns, and the loop over an array of accumulators. Include after one of the vector_*.h.
#pragma once
#include "kernels/requant/requant.h"

namespace verge {
namespace {

class Tflm16 {
 public:
  using Out = uint8_t;
  Tflm16(const Requant& r, size_t n) : multiplier_(load16(r.multiplier + n), load_i8x16(r.shift + n)), clamp_(r.min, r.max, r.zero_point) {}
  void store(Out* y, const I32x16& acc, size_t n) const { store_bytes16(y, clamp_(multiplier_(acc)), n); }

 private:
  Multiplier16 multiplier_;
  Clamp16 clamp_;
};

// By the vector's own way where its instructions saturate as they narrow.
template <typename Round> void store_rounded16(uint8_t* y, const F32x16& x, const Round& round, size_t n) {
  if constexpr (requires { round.store_bytes(y, x, n); }) {
    round.store_bytes(y, x, n);
  } else {
    store_bytes16(y, round(x), n);
  }
}

class Onnx16 {
 public:
  using Out = uint8_t;
  Onnx16(const Requant& r, size_t n) : scale_(load16(r.scale + n)), round_(r.min, r.max, r.zero_point) {}
  void store(Out* y, const I32x16& acc, size_t n) const { store_rounded16(y, mul16(to_float16(acc), scale_), round_, n); }

 private:
  F32x16 scale_;
  Round16 round_;
};

class None16 {
 public:
  using Out = int32_t;
  None16(const Requant&, size_t) {}
  void store(Out* y, const I32x16& acc, size_t n) const { store16(y, acc, n); }
};

// Calls body with the rule, as a template argument, that fits the 16 columns from n on.
template <typename Body> void with_rule(const Requant& r, size_t n, Body&& body) {
  if (r.mode == RequantMode::kOnnx) return body.template operator()<Onnx16>();
  if (r.mode == RequantMode::kNone) return body.template operator()<None16>();
  if (TflmRight16::fits(r, n)) return body.template operator()<TflmRight16>();
  body.template operator()<Tflm16>();
}

inline void requant_all(size_t rows, size_t columns, const int32_t* acc, size_t acc_stride, const Requant& r, uint8_t* y, size_t y_stride) {
  for (size_t n = 0; n < columns; n += 16)
    with_rule(r, n, [&]<typename Rule>() {
      const Rule rule(r, n);
      auto* to = reinterpret_cast<typename Rule::Out*>(y) + n;
      for (size_t i = 0; i < rows; ++i) rule.store(to + i * y_stride, load16(acc + i * acc_stride + n, columns - n), columns - n);
    });
}

}  // namespace
}  // namespace verge
