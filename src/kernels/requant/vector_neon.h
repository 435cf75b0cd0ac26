// Sixteen int32 lanes in four registers and the requantisation rules on them, for 64-bit Arm. vector_scalar.h says what each name means; everything
// has internal linkage, so an ISA file shares no code with another.
#pragma once
#include <arm_neon.h>

#include <cstring>

#include "kernels/requant/requant.h"

namespace verge {
namespace {

struct I32x16 {
  int32x4_t q[4];
};
struct F32x16 {
  float32x4_t q[4];
};

template <typename V, typename F> V quarters16(F&& f) { return {{f(0), f(1), f(2), f(3)}}; }

inline I32x16 splat16(int32_t x) {
  return quarters16<I32x16>([=](int) { return vdupq_n_s32(x); });
}
inline I32x16 load16(const int32_t* p) {
  return quarters16<I32x16>([=](int i) { return vld1q_s32(p + 4 * i); });
}
inline I32x16 load16(const int32_t* p, size_t n) {
  if (n >= 16) return load16(p);
  int32_t lanes[16] = {};
  std::memcpy(lanes, p, n * sizeof(int32_t));
  return load16(lanes);
}
inline I32x16 widen16(int8x16_t x) {
  const int16x8_t low = vmovl_s8(vget_low_s8(x)), high = vmovl_high_s8(x);
  return {{vmovl_s16(vget_low_s16(low)), vmovl_high_s16(low), vmovl_s16(vget_low_s16(high)), vmovl_high_s16(high)}};
}
inline I32x16 load_i8x16(const int8_t* p) { return widen16(vld1q_s8(p)); }
inline I32x16 load_i8x16(const int8_t* p, size_t n) {
  if (n >= 16) return load_i8x16(p);
  int8_t lanes[16] = {};
  std::memcpy(lanes, p, n);
  return load_i8x16(lanes);
}
inline void store16(int32_t* y, const I32x16& x, size_t n) {
  int32_t lanes[16];
  int32_t* to = n >= 16 ? y : lanes;
  for (int i = 0; i < 4; ++i) vst1q_s32(to + 4 * i, x.q[i]);
  if (n < 16) std::memcpy(y, lanes, n * sizeof(int32_t));
}
inline void store_first_bytes(uint8_t* y, uint8x16_t bytes, size_t n) {
  if (n >= 16) return vst1q_u8(y, bytes);
  uint8_t lanes[16];
  vst1q_u8(lanes, bytes);
  std::memcpy(y, lanes, n);
}
inline void store_bytes16(uint8_t* y, const I32x16& x, size_t n) {
  const int16x8_t low = vuzp1q_s16(vreinterpretq_s16_s32(x.q[0]), vreinterpretq_s16_s32(x.q[1]));
  const int16x8_t high = vuzp1q_s16(vreinterpretq_s16_s32(x.q[2]), vreinterpretq_s16_s32(x.q[3]));
  store_first_bytes(y, vuzp1q_u8(vreinterpretq_u8_s16(low), vreinterpretq_u8_s16(high)), n);
}
inline void store_halves16(uint16_t* y, const I32x16& x, size_t n) {
  uint16_t lanes[16];
  uint16_t* to = n >= 16 ? y : lanes;
  for (int i = 0; i < 2; ++i)
    vst1q_u16(to + 8 * i, vreinterpretq_u16_s16(vuzp1q_s16(vreinterpretq_s16_s32(x.q[2 * i]), vreinterpretq_s16_s32(x.q[2 * i + 1]))));
  if (n < 16) std::memcpy(y, lanes, n * sizeof(uint16_t));
}
inline I32x16 load_i16x16(const int16_t* p, size_t n) {
  int16_t lanes[16] = {};
  if (n < 16) p = static_cast<const int16_t*>(std::memcpy(lanes, p, n * sizeof(int16_t)));
  const int16x8_t low = vld1q_s16(p), high = vld1q_s16(p + 8);
  return {{vmovl_s16(vget_low_s16(low)), vmovl_high_s16(low), vmovl_s16(vget_low_s16(high)), vmovl_high_s16(high)}};
}
inline I32x16 add16(const I32x16& x, const I32x16& y) {
  return quarters16<I32x16>([&](int i) { return vaddq_s32(x.q[i], y.q[i]); });
}
inline I32x16 sub16(const I32x16& x, const I32x16& y) {
  return quarters16<I32x16>([&](int i) { return vsubq_s32(x.q[i], y.q[i]); });
}
inline I32x16 mul16(const I32x16& x, const I32x16& y) {
  return quarters16<I32x16>([&](int i) { return vmulq_s32(x.q[i], y.q[i]); });
}
inline I32x16 xor16(const I32x16& x, const I32x16& y) {
  return quarters16<I32x16>([&](int i) { return veorq_s32(x.q[i], y.q[i]); });
}
inline I32x16 max16(const I32x16& x, const I32x16& y) {
  return quarters16<I32x16>([&](int i) { return vmaxq_s32(x.q[i], y.q[i]); });
}
inline I32x16 min16(const I32x16& x, const I32x16& y) {
  return quarters16<I32x16>([&](int i) { return vminq_s32(x.q[i], y.q[i]); });
}
inline I32x16 where_negative16(const I32x16& x, const I32x16& a, const I32x16& b) {
  return quarters16<I32x16>([&](int i) { return vbslq_s32(vcltzq_s32(x.q[i]), a.q[i], b.q[i]); });
}
template <int bits> I32x16 shift_left16(const I32x16& x) {
  return quarters16<I32x16>([&](int i) { return vshlq_n_s32(x.q[i], bits); });
}
inline F32x16 to_float16(const I32x16& x) {
  return quarters16<F32x16>([&](int i) { return vcvtq_f32_s32(x.q[i]); });
}
inline F32x16 splat16(float x) {
  return quarters16<F32x16>([=](int) { return vdupq_n_f32(x); });
}
inline F32x16 load16(const float* p) {
  return quarters16<F32x16>([=](int i) { return vld1q_f32(p + 4 * i); });
}
inline F32x16 load16(const float* p, size_t n) {
  if (n >= 16) return load16(p);
  float lanes[16] = {};
  std::memcpy(lanes, p, n * sizeof(float));
  return load16(lanes);
}
inline void store16(float* y, const F32x16& x, size_t n) {
  float lanes[16];
  float* to = n >= 16 ? y : lanes;
  for (int i = 0; i < 4; ++i) vst1q_f32(to + 4 * i, x.q[i]);
  if (n < 16) std::memcpy(y, lanes, n * sizeof(float));
}
inline F32x16 add16(const F32x16& x, const F32x16& y) {
  return quarters16<F32x16>([&](int i) { return vaddq_f32(x.q[i], y.q[i]); });
}
inline F32x16 sub16(const F32x16& x, const F32x16& y) {
  return quarters16<F32x16>([&](int i) { return vsubq_f32(x.q[i], y.q[i]); });
}
inline F32x16 where_negative16(const I32x16& x, const F32x16& a, const F32x16& b) {
  return quarters16<F32x16>([&](int i) { return vbslq_f32(vcltzq_s32(x.q[i]), a.q[i], b.q[i]); });
}
inline F32x16 mul16(const F32x16& x, const F32x16& y) {
  return quarters16<F32x16>([&](int i) { return vmulq_f32(x.q[i], y.q[i]); });
}
inline F32x16 div16(const F32x16& x, const F32x16& y) {
  return quarters16<F32x16>([&](int i) { return vdivq_f32(x.q[i], y.q[i]); });
}

class Multiplier16 {
 public:
  Multiplier16(const I32x16& multiplier, const I32x16& shift)
      : m_(multiplier),
        left_(quarters16<I32x16>([&](int i) { return vmaxq_s32(shift.q[i], vdupq_n_s32(0)); })),
        minus_right_(quarters16<I32x16>([&](int i) { return vminq_s32(shift.q[i], vdupq_n_s32(0)); })) {}
  explicit Multiplier16(Multiplier s) : Multiplier16(splat16(s.multiplier), splat16(s.shift)) {}

  // SRSHL rounds halves up; taking one from negative values first (where anything is shifted out) makes that half away from zero.
  I32x16 operator()(const I32x16& x) const {
    return quarters16<I32x16>([&](int i) {
      const int32x4_t high = vqrdmulhq_s32(vshlq_s32(x.q[i], left_.q[i]), m_.q[i]);
      return vrshlq_s32(vqaddq_s32(high, vshrq_n_s32(vandq_s32(high, minus_right_.q[i]), 31)), minus_right_.q[i]);
    });
  }

 private:
  I32x16 m_, left_, minus_right_;
};

class Clamp16 {
 public:
  Clamp16(int32_t min, int32_t max, int32_t zero) : low_(vdupq_n_s32(min - zero)), high_(vdupq_n_s32(max - zero)), zero_point_(vdupq_n_s32(zero)) {}
  I32x16 operator()(const I32x16& x) const {
    return quarters16<I32x16>([&](int i) { return vaddq_s32(vminq_s32(vmaxq_s32(x.q[i], low_), high_), zero_point_); });
  }

 private:
  int32x4_t low_, high_, zero_point_;
};

class Round16 {
 public:
  Round16(int32_t min, int32_t max, int32_t zero)
      : low_(vdupq_n_f32(static_cast<float>(min - zero))), high_(vdupq_n_f32(static_cast<float>(max - zero))), zero_point_(vdupq_n_s32(zero)) {
    const int32_t half = max > 127 ? 128 : 0;
    zero_byte_ = vdupq_n_s16(static_cast<int16_t>(zero - half));
    low_byte_ = vdupq_n_s8(static_cast<int8_t>(min - half)), high_byte_ = vdupq_n_s8(static_cast<int8_t>(max - half));
    flip_ = vdupq_n_u8(static_cast<uint8_t>(half));
  }
  I32x16 operator()(const F32x16& x) const {
    return quarters16<I32x16>([&](int i) { return vaddq_s32(vcvtnq_s32_f32(vminnmq_f32(vmaxnmq_f32(x.q[i], low_), high_)), zero_point_); });
  }
  // The same of numbers, where [min, max] lies within int8 or uint8.
  void store_bytes(uint8_t* y, const F32x16& x, size_t n) const {
    const int8x16_t bytes = vqmovn_high_s16(vqmovn_s16(eight(x.q[0], x.q[1])), eight(x.q[2], x.q[3]));
    store_first_bytes(y, veorq_u8(vreinterpretq_u8_s8(vminq_s8(vmaxq_s8(bytes, low_byte_), high_byte_)), flip_), n);
  }

 private:
  int16x8_t eight(float32x4_t a, float32x4_t b) const { return vqaddq_s16(vqmovn_high_s32(vqmovn_s32(vcvtnq_s32_f32(a)), vcvtnq_s32_f32(b)), zero_byte_); }

  float32x4_t low_, high_;
  int32x4_t zero_point_;
  int16x8_t zero_byte_;
  int8x16_t low_byte_, high_byte_;
  uint8x16_t flip_;
};

class RoundAway16 {
 public:
  RoundAway16(int32_t min, int32_t max, int32_t zero)
      : low_(vdupq_n_f32(static_cast<float>(min - zero))), high_(vdupq_n_f32(static_cast<float>(max - zero))), zero_point_(vdupq_n_s32(zero)) {}
  I32x16 operator()(const F32x16& x) const {
    return quarters16<I32x16>([&](int i) { return vaddq_s32(vcvtaq_s32_f32(vminnmq_f32(vmaxnmq_f32(x.q[i], low_), high_)), zero_point_); });
  }

 private:
  float32x4_t low_, high_;
  int32x4_t zero_point_;
};

class TflmRight16 {
 public:
  using Out = uint8_t;
  static bool fits(const Requant& r, size_t n) {
    const I32x16 m = load16(r.multiplier + n), shift = load_i8x16(r.shift + n);
    uint32x4_t bad = vdupq_n_u32(0);
    for (int i = 0; i < 4; ++i) bad = vorrq_u32(bad, vandq_u32(vcgtzq_s32(m.q[i]), vcgtq_s32(shift.q[i], vdupq_n_s32(-2))));
    return vmaxvq_u32(bad) == 0;
  }
  TflmRight16(const Requant& r, size_t n) : m_(load16(r.multiplier + n)), minus_right_(load_i8x16(r.shift + n)) {
    const int32_t half = r.max > 127 ? 128 : 0;
    zero_point_ = vdupq_n_s32(r.zero_point - half);
    low_ = vdupq_n_s8(static_cast<int8_t>(r.min - half));
    high_ = vdupq_n_s8(static_cast<int8_t>(r.max - half));
    flip_ = vdupq_n_u8(static_cast<uint8_t>(half));
  }
  void store(Out* y, const I32x16& acc, size_t n) const {
    const int16x8_t first = vqmovn_high_s32(vqmovn_s32(four(acc, 0)), four(acc, 1)), second = vqmovn_high_s32(vqmovn_s32(four(acc, 2)), four(acc, 3));
    const int8x16_t bytes = vminq_s8(vmaxq_s8(vqmovn_high_s16(vqmovn_s16(first), second), low_), high_);
    store_first_bytes(y, veorq_u8(vreinterpretq_u8_s8(bytes), flip_), n);
  }

 private:
  int32x4_t four(const I32x16& acc, int i) const {
    const int32x4_t high = vqrdmulhq_s32(acc.q[i], m_.q[i]);
    return vaddq_s32(vrshlq_s32(vsraq_n_s32(high, high, 31), minus_right_.q[i]), zero_point_);
  }
  I32x16 m_, minus_right_;
  int32x4_t zero_point_;
  int8x16_t low_, high_;
  uint8x16_t flip_;
};

}  // namespace
}  // namespace verge

#include "kernels/requant/quotient.h"
