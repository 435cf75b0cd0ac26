// Sixteen int32 lanes in two registers and the requantisation rules on them, for files compiled with AVX2. vector_scalar.h says what each name
// means; everything has internal linkage, so an ISA file shares no code with another.
#pragma once
#include <immintrin.h>

#include <cstring>

#include "kernels/requant/requant.h"

namespace verge {
namespace {

struct I32x16 {
  __m256i a, b;
};
struct F32x16 {
  __m256 a, b;
};

inline I32x16 splat16(int32_t x) { return {_mm256_set1_epi32(x), _mm256_set1_epi32(x)}; }
inline I32x16 load16(const int32_t* p) {
  return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)), _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p + 8))};
}
inline I32x16 load16(const int32_t* p, size_t n) {
  if (n >= 16) return load16(p);
  alignas(32) int32_t lanes[16] = {};
  std::memcpy(lanes, p, n * sizeof(int32_t));
  return load16(lanes);
}
inline I32x16 load_i8x16(const int8_t* p) {
  const __m128i x = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  return {_mm256_cvtepi8_epi32(x), _mm256_cvtepi8_epi32(_mm_unpackhi_epi64(x, x))};
}
inline I32x16 load_i8x16(const int8_t* p, size_t n) {
  if (n >= 16) return load_i8x16(p);
  alignas(16) int8_t lanes[16] = {};
  std::memcpy(lanes, p, n);
  return load_i8x16(lanes);
}
inline void store16(int32_t* y, I32x16 x, size_t n) {
  alignas(32) int32_t lanes[16];
  int32_t* to = n >= 16 ? y : lanes;
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), x.a);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + 8), x.b);
  if (n < 16) std::memcpy(y, lanes, n * sizeof(int32_t));
}
inline __m128i low_bytes16(I32x16 x) {
  const __m256i pick =
      _mm256_setr_epi8(0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
  const __m256i together = _mm256_unpacklo_epi32(_mm256_shuffle_epi8(x.a, pick), _mm256_shuffle_epi8(x.b, pick));  // a0-3 b0-3 . . a4-7 b4-7
  const __m128i mixed = _mm_unpacklo_epi64(_mm256_castsi256_si128(together), _mm256_extracti128_si256(together, 1));
  return _mm_shuffle_epi32(mixed, _MM_SHUFFLE(3, 1, 2, 0));
}
inline void store_first_bytes(uint8_t* y, __m128i bytes, size_t n) {
  if (n >= 16) return _mm_storeu_si128(reinterpret_cast<__m128i*>(y), bytes);
  alignas(16) uint8_t lanes[16];
  _mm_store_si128(reinterpret_cast<__m128i*>(lanes), bytes);
  std::memcpy(y, lanes, n);
}
inline void store_bytes16(uint8_t* y, I32x16 x, size_t n) { store_first_bytes(y, low_bytes16(x), n); }
inline void store_halves16(uint16_t* y, I32x16 x, size_t n) {
  const __m256i mask = _mm256_set1_epi32(0xffff);
  const __m256i mixed = _mm256_packus_epi32(_mm256_and_si256(x.a, mask), _mm256_and_si256(x.b, mask));
  const __m256i halves = _mm256_permute4x64_epi64(mixed, _MM_SHUFFLE(3, 1, 2, 0));
  if (n >= 16) return _mm256_storeu_si256(reinterpret_cast<__m256i*>(y), halves);
  alignas(32) uint16_t lanes[16];
  _mm256_store_si256(reinterpret_cast<__m256i*>(lanes), halves);
  std::memcpy(y, lanes, n * sizeof(uint16_t));
}
inline I32x16 load_i16x16(const int16_t* p, size_t n) {
  alignas(32) int16_t lanes[16] = {};
  if (n < 16) p = static_cast<const int16_t*>(std::memcpy(lanes, p, n * sizeof(int16_t)));
  const __m256i x = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  return {_mm256_cvtepi16_epi32(_mm256_castsi256_si128(x)), _mm256_cvtepi16_epi32(_mm256_extracti128_si256(x, 1))};
}
inline I32x16 add16(I32x16 x, I32x16 y) { return {_mm256_add_epi32(x.a, y.a), _mm256_add_epi32(x.b, y.b)}; }
inline I32x16 sub16(I32x16 x, I32x16 y) { return {_mm256_sub_epi32(x.a, y.a), _mm256_sub_epi32(x.b, y.b)}; }
inline I32x16 mul16(I32x16 x, I32x16 y) { return {_mm256_mullo_epi32(x.a, y.a), _mm256_mullo_epi32(x.b, y.b)}; }
inline I32x16 xor16(I32x16 x, I32x16 y) { return {_mm256_xor_si256(x.a, y.a), _mm256_xor_si256(x.b, y.b)}; }
inline I32x16 max16(I32x16 x, I32x16 y) { return {_mm256_max_epi32(x.a, y.a), _mm256_max_epi32(x.b, y.b)}; }
inline I32x16 min16(I32x16 x, I32x16 y) { return {_mm256_min_epi32(x.a, y.a), _mm256_min_epi32(x.b, y.b)}; }
inline __m256i where_negative8(__m256i x, __m256i a, __m256i b) { return _mm256_blendv_epi8(b, a, _mm256_srai_epi32(x, 31)); }
inline I32x16 where_negative16(I32x16 x, I32x16 a, I32x16 b) { return {where_negative8(x.a, a.a, b.a), where_negative8(x.b, a.b, b.b)}; }
template <int bits> I32x16 shift_left16(I32x16 x) { return {_mm256_slli_epi32(x.a, bits), _mm256_slli_epi32(x.b, bits)}; }
inline F32x16 to_float16(I32x16 x) { return {_mm256_cvtepi32_ps(x.a), _mm256_cvtepi32_ps(x.b)}; }
inline F32x16 splat16(float x) { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
inline F32x16 load16(const float* p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
inline F32x16 load16(const float* p, size_t n) {
  if (n >= 16) return load16(p);
  alignas(32) float lanes[16] = {};
  std::memcpy(lanes, p, n * sizeof(float));
  return load16(lanes);
}
inline void store16(float* y, F32x16 x, size_t n) {
  alignas(32) float lanes[16];
  float* to = n >= 16 ? y : lanes;
  _mm256_storeu_ps(to, x.a);
  _mm256_storeu_ps(to + 8, x.b);
  if (n < 16) std::memcpy(y, lanes, n * sizeof(float));
}
inline F32x16 add16(F32x16 x, F32x16 y) { return {_mm256_add_ps(x.a, y.a), _mm256_add_ps(x.b, y.b)}; }
inline F32x16 sub16(F32x16 x, F32x16 y) { return {_mm256_sub_ps(x.a, y.a), _mm256_sub_ps(x.b, y.b)}; }
inline F32x16 where_negative16(I32x16 x, F32x16 a, F32x16 b) {
  return {_mm256_blendv_ps(b.a, a.a, _mm256_castsi256_ps(x.a)), _mm256_blendv_ps(b.b, a.b, _mm256_castsi256_ps(x.b))};
}
inline F32x16 mul16(F32x16 x, F32x16 y) { return {_mm256_mul_ps(x.a, y.a), _mm256_mul_ps(x.b, y.b)}; }
inline F32x16 div16(F32x16 x, F32x16 y) { return {_mm256_div_ps(x.a, y.a), _mm256_div_ps(x.b, y.b)}; }

// doubling_high_mul of base/requant.h for m >= 0; m_odd holds the odd lanes of m in its even ones.
inline __m256i doubling_high_mul8(__m256i a, __m256i m, __m256i m_odd) {
  const __m256i nudge = _mm256_set1_epi64x(1ll << 30);
  const __m256i even = _mm256_add_epi64(_mm256_mul_epi32(a, m), nudge);
  const __m256i odd = _mm256_add_epi64(_mm256_mul_epi32(_mm256_srli_epi64(a, 32), m_odd), nudge);
  return _mm256_blend_epi32(_mm256_srli_epi64(even, 31), _mm256_slli_epi64(odd, 1), 0xAA);
}

class Multiplier8 {
 public:
  Multiplier8(__m256i multiplier, __m256i shift)
      : m_(multiplier),
        m_odd_(_mm256_srli_epi64(multiplier, 32)),
        left_(_mm256_max_epi32(shift, _mm256_setzero_si256())),
        right_(_mm256_max_epi32(_mm256_sub_epi32(_mm256_setzero_si256(), shift), _mm256_setzero_si256())),
        mask_(_mm256_sub_epi32(_mm256_sllv_epi32(_mm256_set1_epi32(1), right_), _mm256_set1_epi32(1))) {}

  __m256i operator()(__m256i x) const { return rounding_shift_right(doubling_high_mul8(_mm256_sllv_epi32(x, left_), m_, m_odd_)); }

 private:
  __m256i rounding_shift_right(__m256i x) const {
    const __m256i threshold = _mm256_sub_epi32(_mm256_srli_epi32(mask_, 1), _mm256_srai_epi32(x, 31));
    return _mm256_sub_epi32(_mm256_srav_epi32(x, right_), _mm256_cmpgt_epi32(_mm256_and_si256(x, mask_), threshold));
  }
  __m256i m_, m_odd_, left_, right_, mask_;
};

class Multiplier16 {
 public:
  Multiplier16(I32x16 multiplier, I32x16 shift) : a_(multiplier.a, shift.a), b_(multiplier.b, shift.b) {}
  explicit Multiplier16(Multiplier s) : Multiplier16(splat16(s.multiplier), splat16(s.shift)) {}
  I32x16 operator()(I32x16 x) const { return {a_(x.a), b_(x.b)}; }

 private:
  Multiplier8 a_, b_;
};

class Clamp16 {
 public:
  Clamp16(int32_t min, int32_t max, int32_t zero)
      : low_(_mm256_set1_epi32(min - zero)), high_(_mm256_set1_epi32(max - zero)), zero_point_(_mm256_set1_epi32(zero)) {}
  I32x16 operator()(I32x16 x) const { return {half(x.a), half(x.b)}; }

 private:
  __m256i half(__m256i x) const { return _mm256_add_epi32(_mm256_min_epi32(_mm256_max_epi32(x, low_), high_), zero_point_); }
  __m256i low_, high_, zero_point_;
};

class Round16 {
 public:
  Round16(int32_t min, int32_t max, int32_t zero)
      : low_(_mm256_set1_ps(static_cast<float>(min - zero))), high_(_mm256_set1_ps(static_cast<float>(max - zero))), zero_point_(_mm256_set1_epi32(zero)) {}
  I32x16 operator()(F32x16 x) const { return {half(x.a), half(x.b)}; }

 private:
  __m256i half(__m256 x) const { return _mm256_add_epi32(_mm256_cvtps_epi32(_mm256_min_ps(_mm256_max_ps(x, low_), high_)), zero_point_); }
  __m256 low_, high_;
  __m256i zero_point_;
};

class RoundAway16 {
 public:
  RoundAway16(int32_t min, int32_t max, int32_t zero)
      : low_(_mm256_set1_ps(static_cast<float>(min - zero))), high_(_mm256_set1_ps(static_cast<float>(max - zero))), zero_point_(_mm256_set1_epi32(zero)) {}
  I32x16 operator()(F32x16 x) const { return {half(x.a), half(x.b)}; }

 private:
  __m256i half(__m256 x) const {
    const __m256 v = _mm256_min_ps(_mm256_max_ps(x, low_), high_);
    const __m256i toward_zero = _mm256_cvttps_epi32(v);
    const __m256 rest = _mm256_sub_ps(v, _mm256_cvtepi32_ps(toward_zero));
    const __m256i up = _mm256_castps_si256(_mm256_cmp_ps(rest, _mm256_set1_ps(0.5f), _CMP_GE_OQ));
    const __m256i down = _mm256_castps_si256(_mm256_cmp_ps(rest, _mm256_set1_ps(-0.5f), _CMP_LE_OQ));
    return _mm256_add_epi32(_mm256_add_epi32(_mm256_sub_epi32(toward_zero, up), down), zero_point_);
  }
  __m256 low_, high_;
  __m256i zero_point_;
};

class TflmRight16 {
 public:
  using Out = uint8_t;
  static bool fits(const Requant& r, size_t n) {
    const I32x16 m = load16(r.multiplier + n), shift = load_i8x16(r.shift + n);
    const __m256i none = _mm256_setzero_si256(), most = _mm256_set1_epi32(-2);
    const __m256i a = _mm256_and_si256(_mm256_cmpgt_epi32(m.a, none), _mm256_cmpgt_epi32(shift.a, most));
    const __m256i b = _mm256_and_si256(_mm256_cmpgt_epi32(m.b, none), _mm256_cmpgt_epi32(shift.b, most));
    return _mm256_testz_si256(_mm256_or_si256(a, b), _mm256_or_si256(a, b));
  }
  TflmRight16(const Requant& r, size_t n) : m_(load16(r.multiplier + n)), right_(sub16(splat16(-1), load_i8x16(r.shift + n))) {
    const int32_t half = r.max > 127 ? 128 : 0;
    zero_point_ = _mm256_set1_epi32(2 * (r.zero_point - half) + 1);
    low_ = _mm_set1_epi8(static_cast<char>(r.min - half));
    high_ = _mm_set1_epi8(static_cast<char>(r.max - half));
    flip_ = _mm_set1_epi8(static_cast<char>(half));
  }
  void store(Out* y, I32x16 acc, size_t n) const {
    const __m256i halves = _mm256_packs_epi32(eight(acc.a, m_.a, right_.a), eight(acc.b, m_.b, right_.b));  // a0-3 b0-3 | a4-7 b4-7
    const __m256i quarters = _mm256_packs_epi16(halves, halves);
    const __m128i bytes = _mm_unpacklo_epi32(_mm256_castsi256_si128(quarters), _mm256_extracti128_si256(quarters, 1));
    store_first_bytes(y, _mm_xor_si128(_mm_min_epi8(_mm_max_epi8(bytes, low_), high_), flip_), n);
  }

 private:
  __m256i eight(__m256i acc, __m256i m, __m256i right) const {
    const __m256i high = doubling_high_mul8(acc, m, _mm256_srli_epi64(m, 32));
    const __m256i twice = _mm256_srav_epi32(_mm256_add_epi32(high, _mm256_srai_epi32(high, 31)), right);
    return _mm256_srai_epi32(_mm256_add_epi32(twice, zero_point_), 1);
  }
  I32x16 m_, right_;
  __m256i zero_point_;
  __m128i low_, high_, flip_;
};

}  // namespace
}  // namespace verge

#include "kernels/requant/quotient.h"
