// Sixteen int32 lanes in four registers and the requantisation rules on them, for WebAssembly's 128-bit SIMD. vector_scalar.h says what each name means;
// everything has internal linkage.
//
// There are no shifts by lane: a shift to the left is a product with a power of two, one to the right the high part of such a product.
#pragma once
#include <wasm_simd128.h>

#include <cstring>

#include "kernels/requant/requant.h"

namespace verge {
namespace {

struct I32x16 {
  v128_t q[4];
};
struct F32x16 {
  v128_t q[4];
};

template <typename V, typename F> [[gnu::always_inline]] inline V quarters16(F&& f) { return {{f(0), f(1), f(2), f(3)}}; }

inline I32x16 splat16(int32_t x) {
  return quarters16<I32x16>([=](int) { return wasm_i32x4_splat(x); });
}
inline I32x16 load16(const int32_t* p) {
  return quarters16<I32x16>([=](int i) { return wasm_v128_load(p + 4 * i); });
}
inline I32x16 load16(const int32_t* p, size_t n) {
  if (n >= 16) return load16(p);
  int32_t lanes[16] = {};
  std::memcpy(lanes, p, n * sizeof(int32_t));
  return load16(lanes);
}
inline I32x16 widen16(v128_t x) {
  const v128_t low = wasm_i16x8_extend_low_i8x16(x), high = wasm_i16x8_extend_high_i8x16(x);
  return {{wasm_i32x4_extend_low_i16x8(low), wasm_i32x4_extend_high_i16x8(low), wasm_i32x4_extend_low_i16x8(high), wasm_i32x4_extend_high_i16x8(high)}};
}
inline I32x16 load_i8x16(const int8_t* p) { return widen16(wasm_v128_load(p)); }
inline I32x16 load_i8x16(const int8_t* p, size_t n) {
  if (n >= 16) return load_i8x16(p);
  int8_t lanes[16] = {};
  std::memcpy(lanes, p, n);
  return load_i8x16(lanes);
}
inline void store16(int32_t* y, const I32x16& x, size_t n) {
  int32_t lanes[16];
  int32_t* to = n >= 16 ? y : lanes;
  for (int i = 0; i < 4; ++i) wasm_v128_store(to + 4 * i, x.q[i]);
  if (n < 16) std::memcpy(y, lanes, n * sizeof(int32_t));
}
inline void store_first_bytes(uint8_t* y, v128_t bytes, size_t n) {
  if (n >= 16) return wasm_v128_store(y, bytes);
  uint8_t lanes[16];
  wasm_v128_store(lanes, bytes);
  std::memcpy(y, lanes, n);
}
// The low halves of eight int32 lanes. Narrowing saturates, so what lies above is taken off first.
inline v128_t low_halves(v128_t a, v128_t b) { return wasm_i16x8_shuffle(a, b, 0, 2, 4, 6, 8, 10, 12, 14); }
inline void store_bytes16(uint8_t* y, const I32x16& x, size_t n) {
  const v128_t byte = wasm_i32x4_splat(255);
  const auto narrow = [&](int i) { return wasm_i16x8_narrow_i32x4(wasm_v128_and(x.q[i], byte), wasm_v128_and(x.q[i + 1], byte)); };
  store_first_bytes(y, wasm_u8x16_narrow_i16x8(narrow(0), narrow(2)), n);
}
inline void store_halves16(uint16_t* y, const I32x16& x, size_t n) {
  uint16_t lanes[16];
  uint16_t* to = n >= 16 ? y : lanes;
  for (int i = 0; i < 2; ++i) wasm_v128_store(to + 8 * i, low_halves(x.q[2 * i], x.q[2 * i + 1]));
  if (n < 16) std::memcpy(y, lanes, n * sizeof(uint16_t));
}
inline I32x16 load_i16x16(const int16_t* p, size_t n) {
  int16_t lanes[16] = {};
  if (n < 16) p = static_cast<const int16_t*>(std::memcpy(lanes, p, n * sizeof(int16_t)));
  return quarters16<I32x16>([=](int i) { return wasm_i32x4_load16x4(p + 4 * i); });
}
inline I32x16 add16(const I32x16& x, const I32x16& y) {
  return quarters16<I32x16>([&](int i) { return wasm_i32x4_add(x.q[i], y.q[i]); });
}
inline I32x16 sub16(const I32x16& x, const I32x16& y) {
  return quarters16<I32x16>([&](int i) { return wasm_i32x4_sub(x.q[i], y.q[i]); });
}
inline I32x16 mul16(const I32x16& x, const I32x16& y) {
  return quarters16<I32x16>([&](int i) { return wasm_i32x4_mul(x.q[i], y.q[i]); });
}
inline I32x16 xor16(const I32x16& x, const I32x16& y) {
  return quarters16<I32x16>([&](int i) { return wasm_v128_xor(x.q[i], y.q[i]); });
}
inline I32x16 max16(const I32x16& x, const I32x16& y) {
  return quarters16<I32x16>([&](int i) { return wasm_i32x4_max(x.q[i], y.q[i]); });
}
inline I32x16 min16(const I32x16& x, const I32x16& y) {
  return quarters16<I32x16>([&](int i) { return wasm_i32x4_min(x.q[i], y.q[i]); });
}
inline I32x16 where_negative16(const I32x16& x, const I32x16& a, const I32x16& b) {
  return quarters16<I32x16>([&](int i) { return wasm_v128_bitselect(a.q[i], b.q[i], wasm_i32x4_shr(x.q[i], 31)); });
}
template <int bits> I32x16 shift_left16(const I32x16& x) {
  return quarters16<I32x16>([&](int i) { return wasm_i32x4_shl(x.q[i], bits); });
}
inline F32x16 to_float16(const I32x16& x) {
  return quarters16<F32x16>([&](int i) { return wasm_f32x4_convert_i32x4(x.q[i]); });
}
inline F32x16 splat16(float x) {
  return quarters16<F32x16>([=](int) { return wasm_f32x4_splat(x); });
}
inline F32x16 load16(const float* p) {
  return quarters16<F32x16>([=](int i) { return wasm_v128_load(p + 4 * i); });
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
  for (int i = 0; i < 4; ++i) wasm_v128_store(to + 4 * i, x.q[i]);
  if (n < 16) std::memcpy(y, lanes, n * sizeof(float));
}
inline F32x16 add16(const F32x16& x, const F32x16& y) {
  return quarters16<F32x16>([&](int i) { return wasm_f32x4_add(x.q[i], y.q[i]); });
}
inline F32x16 sub16(const F32x16& x, const F32x16& y) {
  return quarters16<F32x16>([&](int i) { return wasm_f32x4_sub(x.q[i], y.q[i]); });
}
inline F32x16 where_negative16(const I32x16& x, const F32x16& a, const F32x16& b) {
  return quarters16<F32x16>([&](int i) { return wasm_v128_bitselect(a.q[i], b.q[i], wasm_i32x4_shr(x.q[i], 31)); });
}
inline F32x16 mul16(const F32x16& x, const F32x16& y) {
  return quarters16<F32x16>([&](int i) { return wasm_f32x4_mul(x.q[i], y.q[i]); });
}
inline F32x16 div16(const F32x16& x, const F32x16& y) {
  return quarters16<F32x16>([&](int i) { return wasm_f32x4_div(x.q[i], y.q[i]); });
}

// (a * b + add) >> 31 in 64 bits, low half of each.
inline v128_t product_high(v128_t a, v128_t b, v128_t add) {
  const v128_t low = wasm_u64x2_shr(wasm_i64x2_add(wasm_i64x2_extmul_low_i32x4(a, b), add), 31);
  const v128_t high = wasm_u64x2_shr(wasm_i64x2_add(wasm_i64x2_extmul_high_i32x4(a, b), add), 31);
  return wasm_i32x4_shuffle(low, high, 0, 2, 4, 6);
}
// doubling_high_mul of base/requant.h for m >= 0.
inline v128_t doubling_high_mul4(v128_t a, v128_t m) { return product_high(a, m, wasm_i64x2_splat(1ll << 30)); }

// 2^n by lane for n in [0, 30], from the bits of the float; anything elsewhere.
inline v128_t powers_of_two(v128_t n) { return wasm_i32x4_trunc_sat_f32x4(wasm_i32x4_shl(wasm_i32x4_add(n, wasm_i32x4_splat(127)), 23)); }

// The same for n in [0, 22] alone, in fewer steps: 2^23 + 2^n has 2^n in its low bits.
inline v128_t small_powers_of_two(v128_t n) {
  const v128_t power = wasm_i32x4_shl(wasm_i32x4_add(n, wasm_i32x4_splat(127)), 23);
  return wasm_v128_xor(wasm_f32x4_add(power, wasm_f32x4_splat(8388608.0f)), wasm_i32x4_splat(0x4b000000));
}

class Multiplier16 {
 public:
  Multiplier16(const I32x16& multiplier, const I32x16& shift)
      : m_(multiplier), is_uniform_(false), left_(0), right_(0), lanes_(quarters16<Lanes>([&](int i) { return lanes_of(shift.q[i]); })) {}
  explicit Multiplier16(Multiplier s)
      : m_(splat16(s.multiplier)), is_uniform_(true), left_(s.shift > 0 ? s.shift : 0), right_(s.shift > 0 ? 0 : -s.shift), lanes_() {}

  I32x16 operator()(const I32x16& x) const {
    if (is_uniform_)
      return quarters16<I32x16>([&](int i) { return uniform(doubling_high_mul4(left_ == 0 ? x.q[i] : wasm_i32x4_shl(x.q[i], left_), m_.q[i])); });
    return quarters16<I32x16>([&](int i) { return by_lane(doubling_high_mul4(wasm_i32x4_mul(x.q[i], lanes_.q[i].left), m_.q[i]), lanes_.q[i]); });
  }

 private:
  struct Lane {
    v128_t left, right;      // 2^left, 2^(31 - right)
    v128_t mask, unshifted;  // 2^right - 1; all bits where right is 0
  };
  struct Lanes {
    Lane q[4];
  };
  static Lane lanes_of(v128_t shift) {
    const v128_t none = wasm_i32x4_splat(0), one = wasm_i32x4_splat(1), right = wasm_i32x4_neg(wasm_i32x4_min(shift, none));
    const v128_t half = powers_of_two(wasm_i32x4_max(wasm_i32x4_sub(right, one), none));  // 2^right may have no room
    const v128_t mask = wasm_v128_and(wasm_i32x4_add(half, wasm_i32x4_sub(half, one)), wasm_i32x4_gt(right, none));
    return {powers_of_two(wasm_i32x4_max(shift, none)), powers_of_two(wasm_i32x4_min(wasm_i32x4_sub(wasm_i32x4_splat(31), right), wasm_i32x4_splat(30))), mask,
            wasm_i32x4_eq(right, none)};
  }
  // Half away from zero: what is shifted out beside half of its range, one more for negative values.
  static v128_t round(v128_t shifted, v128_t x, v128_t mask) {
    const v128_t threshold = wasm_i32x4_sub(wasm_u32x4_shr(mask, 1), wasm_i32x4_shr(x, 31));
    return wasm_i32x4_sub(shifted, wasm_i32x4_gt(wasm_v128_and(x, mask), threshold));
  }
  v128_t uniform(v128_t x) const { return round(wasm_i32x4_shr(x, right_), x, wasm_i32x4_splat(static_cast<int32_t>((1u << right_) - 1))); }
  static v128_t by_lane(v128_t x, const Lane& lane) {
    return round(wasm_v128_bitselect(x, product_high(x, lane.right, wasm_i64x2_splat(0)), lane.unshifted), x, lane.mask);
  }
  I32x16 m_;
  bool is_uniform_;
  uint32_t left_, right_;
  Lanes lanes_;
};

class Clamp16 {
 public:
  Clamp16(int32_t min, int32_t max, int32_t zero)
      : low_(wasm_i32x4_splat(min - zero)), high_(wasm_i32x4_splat(max - zero)), zero_point_(wasm_i32x4_splat(zero)) {}
  I32x16 operator()(const I32x16& x) const {
    return quarters16<I32x16>([&](int i) { return wasm_i32x4_add(wasm_i32x4_min(wasm_i32x4_max(x.q[i], low_), high_), zero_point_); });
  }

 private:
  v128_t low_, high_, zero_point_;
};

// Floats clamped to [min - zero, max - zero]; not a number becomes the least.
class FloatClamp {
 public:
  FloatClamp(int32_t min, int32_t max, int32_t zero)
      : low_(wasm_f32x4_splat(static_cast<float>(min - zero))), high_(wasm_f32x4_splat(static_cast<float>(max - zero))) {}
  v128_t operator()(v128_t x) const { return wasm_f32x4_pmin(wasm_f32x4_pmax(low_, x), high_); }

 private:
  v128_t low_, high_;
};

// |x| < 2^22: adding 1.5 * 2^23 leaves no fraction bits and rounds half to even; the sum's bits are those of 1.5 * 2^23 plus the integer.
inline constexpr float kMagic = 12582912.0f;
inline constexpr int32_t kMagicBits = 0x4b400000;

class Round16 {
 public:
  Round16(int32_t min, int32_t max, int32_t zero) : clamp_(min, max, zero), offset_(wasm_i32x4_splat(zero - kMagicBits)) {}
  I32x16 operator()(const F32x16& x) const {
    return quarters16<I32x16>([&](int i) { return wasm_i32x4_add(wasm_f32x4_add(clamp_(x.q[i]), wasm_f32x4_splat(kMagic)), offset_); });
  }

 private:
  FloatClamp clamp_;
  v128_t offset_;
};

class RoundAway16 {
 public:
  RoundAway16(int32_t min, int32_t max, int32_t zero) : clamp_(min, max, zero), offset_(wasm_i32x4_splat(zero - kMagicBits)) {}
  I32x16 operator()(const F32x16& x) const {
    return quarters16<I32x16>([&](int i) { return away(clamp_(x.q[i])); });
  }

 private:
  v128_t away(v128_t x) const {
    const v128_t toward_zero = wasm_f32x4_trunc(x), rest = wasm_f32x4_sub(x, toward_zero);
    const v128_t up = wasm_f32x4_ge(rest, wasm_f32x4_splat(0.5f)), down = wasm_f32x4_le(rest, wasm_f32x4_splat(-0.5f));
    const v128_t whole = wasm_i32x4_add(wasm_f32x4_add(toward_zero, wasm_f32x4_splat(kMagic)), offset_);
    return wasm_i32x4_add(wasm_i32x4_sub(whole, up), down);
  }
  FloatClamp clamp_;
  v128_t offset_;
};

// Shifts to the right by r_i, 2 <= r_i <= R <= 20: after a clamp that the result does not notice, h * 2^(R - r_i) fits, and one shift serves all lanes.
class TflmRight16 {
 public:
  using Out = uint8_t;
  static bool fits(const Requant& r, size_t n) {
    const I32x16 m = load16(r.multiplier + n), shift = load_i8x16(r.shift + n);
    v128_t bad = wasm_i32x4_splat(0);
    for (int i = 0; i < 4; ++i) {
      const v128_t outside = wasm_v128_or(wasm_i32x4_gt(shift.q[i], wasm_i32x4_splat(-2)), wasm_i32x4_lt(shift.q[i], wasm_i32x4_splat(-kMost)));
      bad = wasm_v128_or(bad, wasm_v128_and(wasm_i32x4_gt(m.q[i], wasm_i32x4_splat(0)), outside));
    }
    return !wasm_v128_any_true(bad);
  }
  // Not inlined: engines would make its results anew for each store, where loading them is faster by a quarter of whole layers.
  [[gnu::noinline]] TflmRight16(const Requant& r, size_t n) : m_(load16(r.multiplier + n)) {
    const I32x16 two = splat16(2), shift = load_i8x16(r.shift + n);
    const I32x16 right =
        quarters16<I32x16>([&](int i) { return wasm_v128_bitselect(wasm_i32x4_neg(shift.q[i]), two.q[i], wasm_i32x4_gt(m_.q[i], wasm_i32x4_splat(0))); });
    const int32_t most = largest(right);
    high_ = quarters16<I32x16>([&](int i) { return wasm_i32x4_shl(small_powers_of_two(right.q[i]), kBoundBits - 1); });
    low_ = sub16(splat16(0), high_);
    power_ = quarters16<I32x16>([&](int i) { return small_powers_of_two(wasm_i32x4_sub(wasm_i32x4_splat(most), right.q[i])); });
    shift_ = static_cast<uint32_t>(most - 1);
    const int32_t half = r.max > 127 ? 128 : 0;
    offset_ = wasm_i16x8_splat(static_cast<int16_t>(2 * (r.zero_point - half) + 1));
    least_ = wasm_i8x16_splat(static_cast<int8_t>(r.min - half));
    most_ = wasm_i8x16_splat(static_cast<int8_t>(r.max - half));
    flip_ = wasm_i8x16_splat(static_cast<int8_t>(half));
  }
  void store(Out* y, const I32x16& acc, size_t n) const {
    const v128_t bytes = wasm_i8x16_narrow_i16x8(eight(acc, 0), eight(acc, 2));
    store_first_bytes(y, wasm_v128_xor(wasm_i8x16_min(wasm_i8x16_max(bytes, least_), most_), flip_), n);
  }

 private:
  static constexpr int32_t kMost = 20, kBoundBits = 10;  // 1024 is 2 |zero point| + 256 and more, and 1024 << kMost fits
  static int32_t largest(const I32x16& x) {
    const v128_t four = wasm_i32x4_max(wasm_i32x4_max(x.q[0], x.q[1]), wasm_i32x4_max(x.q[2], x.q[3]));
    const v128_t two = wasm_i32x4_max(four, wasm_i32x4_shuffle(four, four, 2, 3, 0, 1));
    return wasm_i32x4_extract_lane(wasm_i32x4_max(two, wasm_i32x4_shuffle(two, two, 1, 0, 3, 2)), 0);
  }
  [[gnu::always_inline]] v128_t four(const I32x16& acc, int i) const {
    const v128_t h = doubling_high_mul4(acc.q[i], m_.q[i]);
    const v128_t down = wasm_i32x4_add(h, wasm_i32x4_shr(h, 31));
    const v128_t within = wasm_i32x4_min(wasm_i32x4_max(down, low_.q[i]), high_.q[i]);
    return wasm_i32x4_shr(wasm_i32x4_mul(within, power_.q[i]), shift_);
  }
  [[gnu::always_inline]] v128_t eight(const I32x16& acc, int i) const {
    return wasm_i16x8_shr(wasm_i16x8_add(wasm_i16x8_narrow_i32x4(four(acc, i), four(acc, i + 1)), offset_), 1);
  }
  I32x16 m_, low_, high_, power_;
  uint32_t shift_;
  v128_t offset_, least_, most_, flip_;
};

}  // namespace
}  // namespace verge

#include "kernels/requant/quotient.h"
