// Sixteen int32 lanes in plain C++, and by that what the same names mean in vector_avx2.h, vector_avx512.h and vector_neon.h. An ISA file includes
// one of these headers and then a family's generic.h. Everything has internal linkage.
//
//   load16, load16(p, n)   16 lanes; the first n, zeros behind. load_i8x16: from int8
//   store16 ..             the first n lanes; store_bytes16, store_halves16: their low bytes, their low halves
//   where_negative16       x < 0 ? a : b
//   Multiplier16           multiply_by_quantized_multiplier of base/requant.h, one multiplier for all lanes or one each
//   Clamp16                to [min, max] after adding the zero point, without overflow
//   Round16                float to integer, half to even, then as Clamp16; not a number becomes min
//   RoundAway16            the same with halves away from zero
//   TflmRight16            the rule tflm in fewer steps, where each of 16 shifts is -2 or less or its multiplier 0: then h (docs/integer.md) plus
//                          2 z + 1 does not overflow, h / 2^r + z is ((h - (h < 0)) >> (r - 1)) + 2 z + 1 >> 1, and narrowing saturates.
//                          Plain C++ leaves it to Tflm16.
#pragma once
#include <cstring>

#include "kernels/requant/requant.h"

namespace verge {
namespace {

struct I32x16 {
  int32_t lane[16];
};
struct F32x16 {
  float lane[16];
};

template <typename V, typename F> V each16(F&& f) {
  V y;
  for (int i = 0; i < 16; ++i) y.lane[i] = f(i);
  return y;
}
inline int32_t wrap(int64_t x) { return static_cast<int32_t>(static_cast<uint32_t>(x)); }

inline I32x16 splat16(int32_t x) {
  return each16<I32x16>([=](int) { return x; });
}
inline I32x16 load16(const int32_t* p) {
  return each16<I32x16>([=](int i) { return p[i]; });
}
inline I32x16 load16(const int32_t* p, size_t n) {
  return each16<I32x16>([=](int i) { return static_cast<size_t>(i) < n ? p[i] : 0; });
}
inline I32x16 load_i8x16(const int8_t* p) {
  return each16<I32x16>([=](int i) { return p[i]; });
}
inline I32x16 load_i8x16(const int8_t* p, size_t n) {
  return each16<I32x16>([=](int i) { return static_cast<size_t>(i) < n ? p[i] : 0; });
}
inline void store16(int32_t* y, const I32x16& x, size_t n) { std::memcpy(y, x.lane, (n < 16 ? n : 16) * sizeof(int32_t)); }
inline void store_bytes16(uint8_t* y, const I32x16& x, size_t n) {
  for (size_t i = 0; i < 16 && i < n; ++i) y[i] = static_cast<uint8_t>(x.lane[i]);
}
inline void store_halves16(uint16_t* y, const I32x16& x, size_t n) {
  for (size_t i = 0; i < 16 && i < n; ++i) y[i] = static_cast<uint16_t>(x.lane[i]);
}
inline I32x16 load_i16x16(const int16_t* p, size_t n) {
  return each16<I32x16>([=](int i) { return static_cast<size_t>(i) < n ? p[i] : 0; });
}
inline I32x16 add16(const I32x16& a, const I32x16& b) {
  return each16<I32x16>([&](int i) { return wrap(int64_t{a.lane[i]} + b.lane[i]); });
}
inline I32x16 sub16(const I32x16& a, const I32x16& b) {
  return each16<I32x16>([&](int i) { return wrap(int64_t{a.lane[i]} - b.lane[i]); });
}
inline I32x16 mul16(const I32x16& a, const I32x16& b) {
  return each16<I32x16>([&](int i) { return wrap(int64_t{a.lane[i]} * b.lane[i]); });
}
inline I32x16 xor16(const I32x16& a, const I32x16& b) {
  return each16<I32x16>([&](int i) { return a.lane[i] ^ b.lane[i]; });
}
inline I32x16 max16(const I32x16& a, const I32x16& b) {
  return each16<I32x16>([&](int i) { return a.lane[i] > b.lane[i] ? a.lane[i] : b.lane[i]; });
}
inline I32x16 min16(const I32x16& a, const I32x16& b) {
  return each16<I32x16>([&](int i) { return a.lane[i] < b.lane[i] ? a.lane[i] : b.lane[i]; });
}
inline I32x16 where_negative16(const I32x16& x, const I32x16& a, const I32x16& b) {
  return each16<I32x16>([&](int i) { return x.lane[i] < 0 ? a.lane[i] : b.lane[i]; });
}
template <int bits> I32x16 shift_left16(const I32x16& a) {
  return each16<I32x16>([&](int i) { return wrap(int64_t{a.lane[i]} << bits); });
}
inline F32x16 to_float16(const I32x16& a) {
  return each16<F32x16>([&](int i) { return static_cast<float>(a.lane[i]); });
}
inline F32x16 splat16(float x) {
  return each16<F32x16>([=](int) { return x; });
}
inline F32x16 load16(const float* p) {
  return each16<F32x16>([=](int i) { return p[i]; });
}
inline F32x16 load16(const float* p, size_t n) {
  return each16<F32x16>([=](int i) { return static_cast<size_t>(i) < n ? p[i] : 0.0f; });
}
inline void store16(float* y, const F32x16& x, size_t n) { std::memcpy(y, x.lane, (n < 16 ? n : 16) * sizeof(float)); }
inline F32x16 add16(const F32x16& a, const F32x16& b) {
  return each16<F32x16>([&](int i) { return a.lane[i] + b.lane[i]; });
}
inline F32x16 sub16(const F32x16& a, const F32x16& b) {
  return each16<F32x16>([&](int i) { return a.lane[i] - b.lane[i]; });
}
inline F32x16 where_negative16(const I32x16& x, const F32x16& a, const F32x16& b) {
  return each16<F32x16>([&](int i) { return x.lane[i] < 0 ? a.lane[i] : b.lane[i]; });
}
inline F32x16 mul16(const F32x16& a, const F32x16& b) {
  return each16<F32x16>([&](int i) { return a.lane[i] * b.lane[i]; });
}
inline F32x16 div16(const F32x16& a, const F32x16& b) {
  return each16<F32x16>([&](int i) { return a.lane[i] / b.lane[i]; });
}

class Multiplier16 {
 public:
  Multiplier16(const I32x16& multiplier, const I32x16& shift) : multiplier_(multiplier), shift_(shift) {}
  explicit Multiplier16(Multiplier s) : Multiplier16(splat16(s.multiplier), splat16(s.shift)) {}
  I32x16 operator()(const I32x16& x) const {
    return each16<I32x16>([&](int i) { return multiply_by_quantized_multiplier(x.lane[i], {multiplier_.lane[i], shift_.lane[i]}); });
  }

 private:
  I32x16 multiplier_, shift_;
};

class Clamp16 {
 public:
  Clamp16(int32_t min, int32_t max, int32_t zero) : low_(min - zero), high_(max - zero), zero_point_(zero) {}
  I32x16 operator()(const I32x16& x) const {
    return each16<I32x16>([&](int i) { return (x.lane[i] < low_ ? low_ : x.lane[i] > high_ ? high_ : x.lane[i]) + zero_point_; });
  }

 private:
  int32_t low_, high_, zero_point_;
};

class Round16 {
 public:
  Round16(int32_t min, int32_t max, int32_t zero) : low_(static_cast<float>(min - zero)), high_(static_cast<float>(max - zero)), zero_point_(zero) {}
  I32x16 operator()(const F32x16& x) const {
    return each16<I32x16>([&](int i) { return half_to_even(clamp(x.lane[i])) + zero_point_; });
  }

 private:
  float clamp(float x) const { return !(x > low_) ? low_ : x > high_ ? high_ : x; }
  // |x| < 2^22: adding 1.5 * 2^23 leaves no fraction bits, so the addition itself rounds half to even.
  static int32_t half_to_even(float x) {
    const float magic = 12582912.0f;
    return static_cast<int32_t>((x + magic) - magic);
  }
  float low_, high_;
  int32_t zero_point_;
};

class RoundAway16 {
 public:
  RoundAway16(int32_t min, int32_t max, int32_t zero) : low_(static_cast<float>(min - zero)), high_(static_cast<float>(max - zero)), zero_point_(zero) {}
  I32x16 operator()(const F32x16& x) const {
    return each16<I32x16>([&](int i) { return away(clamp(x.lane[i])) + zero_point_; });
  }

 private:
  float clamp(float x) const { return !(x > low_) ? low_ : x > high_ ? high_ : x; }
  static int32_t away(float x) {
    const auto toward_zero = static_cast<int32_t>(x);
    const float rest = x - static_cast<float>(toward_zero);
    return toward_zero + (rest >= 0.5f) - (rest <= -0.5f);
  }
  float low_, high_;
  int32_t zero_point_;
};

class TflmRight16 {
 public:
  using Out = uint8_t;
  static constexpr bool fits(const Requant&, size_t) { return false; }
  TflmRight16(const Requant&, size_t) {}
  void store(Out*, const I32x16&, size_t) const {}
};

}  // namespace
}  // namespace verge

#include "kernels/requant/quotient.h"
