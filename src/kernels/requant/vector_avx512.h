// Sixteen int32 lanes and the requantisation rules on them, for files compiled with AVX-512. vector_scalar.h says what each name means; everything
// has internal linkage, so an ISA file shares no code with another.
#pragma once
#include <immintrin.h>

#include "kernels/requant/requant.h"

namespace verge {
namespace {

using I32x16 = __m512i;
using F32x16 = __m512;

inline __mmask16 first_lanes16(size_t n) { return n >= 16 ? __mmask16(0xffff) : __mmask16((1u << n) - 1); }

inline I32x16 splat16(int32_t x) { return _mm512_set1_epi32(x); }
inline I32x16 load16(const int32_t* p) { return _mm512_loadu_si512(p); }
inline I32x16 load16(const int32_t* p, size_t n) { return _mm512_maskz_loadu_epi32(first_lanes16(n), p); }
inline I32x16 load_i8x16(const int8_t* p) { return _mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))); }
inline I32x16 load_i8x16(const int8_t* p, size_t n) { return _mm512_cvtepi8_epi32(_mm_maskz_loadu_epi8(first_lanes16(n), p)); }
inline void store16(int32_t* y, I32x16 x, size_t n) { _mm512_mask_storeu_epi32(y, first_lanes16(n), x); }
// Narrowed in a register: the storing forms of the instruction are slow on AMD's processors.
inline void store_bytes16(uint8_t* y, I32x16 x, size_t n) {
  const __m128i bytes = _mm512_cvtepi32_epi8(x);
  if (n >= 16) return _mm_storeu_si128(reinterpret_cast<__m128i*>(y), bytes);
  _mm_mask_storeu_epi8(y, first_lanes16(n), bytes);
}
inline void store_halves16(uint16_t* y, I32x16 x, size_t n) {
  const __m256i halves = _mm512_cvtepi32_epi16(x);
  if (n >= 16) return _mm256_storeu_si256(reinterpret_cast<__m256i*>(y), halves);
  _mm256_mask_storeu_epi16(y, first_lanes16(n), halves);
}
inline I32x16 load_i16x16(const int16_t* p, size_t n) { return _mm512_cvtepi16_epi32(_mm256_maskz_loadu_epi16(first_lanes16(n), p)); }
inline I32x16 add16(I32x16 a, I32x16 b) { return _mm512_add_epi32(a, b); }
inline I32x16 sub16(I32x16 a, I32x16 b) { return _mm512_sub_epi32(a, b); }
inline I32x16 mul16(I32x16 a, I32x16 b) { return _mm512_mullo_epi32(a, b); }
inline I32x16 xor16(I32x16 a, I32x16 b) { return _mm512_xor_si512(a, b); }
inline I32x16 max16(I32x16 a, I32x16 b) { return _mm512_max_epi32(a, b); }
inline I32x16 min16(I32x16 a, I32x16 b) { return _mm512_min_epi32(a, b); }
inline I32x16 where_negative16(I32x16 x, I32x16 a, I32x16 b) { return _mm512_mask_blend_epi32(_mm512_movepi32_mask(x), b, a); }
template <int bits> I32x16 shift_left16(I32x16 a) { return _mm512_slli_epi32(a, bits); }
inline F32x16 to_float16(I32x16 a) { return _mm512_cvtepi32_ps(a); }
inline F32x16 splat16(float x) { return _mm512_set1_ps(x); }
inline F32x16 load16(const float* p) { return _mm512_loadu_ps(p); }
inline F32x16 load16(const float* p, size_t n) { return _mm512_maskz_loadu_ps(first_lanes16(n), p); }
inline void store16(float* y, F32x16 x, size_t n) { _mm512_mask_storeu_ps(y, first_lanes16(n), x); }
inline F32x16 add16(F32x16 a, F32x16 b) { return _mm512_add_ps(a, b); }
inline F32x16 sub16(F32x16 a, F32x16 b) { return _mm512_sub_ps(a, b); }
inline F32x16 where_negative16(I32x16 x, F32x16 a, F32x16 b) { return _mm512_mask_blend_ps(_mm512_movepi32_mask(x), b, a); }
inline F32x16 mul16(F32x16 a, F32x16 b) { return _mm512_mul_ps(a, b); }
inline F32x16 div16(F32x16 a, F32x16 b) { return _mm512_div_ps(a, b); }

// x / y for a result that is then rounded to an integer of at most 17 bits and clamped: the same integer as by division.
// A reciprocal and two corrections give the quotient as rounded by IEEE 754 (Markstein, IBM Journal of R&D 34(1), 1990), without the divider's 16 cycles.
class Quotient16 {
 public:
  explicit Quotient16(float y)
      : by_product_(by_product(y)), y_(splat16(y)), reciprocal_(splat16(1.0f / y)), most_(splat16(y * 0x1p20f)), least_(splat16(y * -0x1p20f)) {}
  static bool by_product(float y) { return y > 0x1p-60f && y < 0x1p60f; }

  F32x16 operator()(F32x16 x) const {
    if (!by_product_) return div16(x, y_);
    return of_finite(_mm512_min_ps(_mm512_max_ps(x, least_), most_));  // what is not a number becomes the least, as in the clamp behind
  }
  // Of an x below 2^60 y, where by_product(y).
  F32x16 of_finite(F32x16 x) const { return corrected(x, corrected(x, mul16(x, reciprocal_))); }

 private:
  F32x16 corrected(F32x16 x, F32x16 q) const { return _mm512_fmadd_ps(_mm512_fnmadd_ps(q, y_, x), reciprocal_, q); }
  bool by_product_;
  F32x16 y_, reciprocal_, most_, least_;
};

// doubling_high_mul of base/requant.h for m >= 0; m_odd holds the odd lanes of m in its even ones.
inline I32x16 doubling_high_mul16(I32x16 a, I32x16 m, I32x16 m_odd) {
  const __m512i nudge = _mm512_set1_epi64(1ll << 30);
  const __m512i even = _mm512_add_epi64(_mm512_mul_epi32(a, m), nudge);
  const __m512i odd = _mm512_add_epi64(_mm512_mul_epi32(_mm512_srli_epi64(a, 32), m_odd), nudge);
  return _mm512_mask_blend_epi32(0xAAAA, _mm512_srli_epi64(even, 31), _mm512_slli_epi64(odd, 1));
}

class Multiplier16 {
 public:
  Multiplier16(I32x16 multiplier, I32x16 shift)
      : m_(multiplier),
        m_odd_(_mm512_srli_epi64(multiplier, 32)),
        left_(_mm512_max_epi32(shift, _mm512_setzero_si512())),
        right_(_mm512_max_epi32(_mm512_sub_epi32(_mm512_setzero_si512(), shift), _mm512_setzero_si512())),
        mask_(_mm512_sub_epi32(_mm512_sllv_epi32(splat16(1), right_), splat16(1))) {}
  explicit Multiplier16(Multiplier s) : Multiplier16(splat16(s.multiplier), splat16(s.shift)) {}

  I32x16 operator()(I32x16 x) const { return rounding_shift_right(doubling_high_mul16(_mm512_sllv_epi32(x, left_), m_, m_odd_)); }

 private:
  I32x16 rounding_shift_right(I32x16 x) const {
    const I32x16 threshold = _mm512_sub_epi32(_mm512_srli_epi32(mask_, 1), _mm512_srai_epi32(x, 31));
    const __mmask16 up = _mm512_cmpgt_epi32_mask(_mm512_and_si512(x, mask_), threshold);
    const I32x16 floor = _mm512_srav_epi32(x, right_);
    return _mm512_mask_add_epi32(floor, up, floor, splat16(1));
  }
  I32x16 m_, m_odd_, left_, right_, mask_;
};

class Clamp16 {
 public:
  Clamp16(int32_t min, int32_t max, int32_t zero) : low_(splat16(min - zero)), high_(splat16(max - zero)), zero_point_(splat16(zero)) {}
  I32x16 operator()(I32x16 x) const { return _mm512_add_epi32(_mm512_min_epi32(_mm512_max_epi32(x, low_), high_), zero_point_); }

 private:
  I32x16 low_, high_, zero_point_;
};

class Round16 {
 public:
  Round16(int32_t min, int32_t max, int32_t zero)
      : low_(splat16(static_cast<float>(min - zero))), high_(splat16(static_cast<float>(max - zero))), zero_point_(splat16(zero)) {}
  I32x16 operator()(F32x16 x) const { return _mm512_add_epi32(_mm512_cvtps_epi32(_mm512_min_ps(_mm512_max_ps(x, low_), high_)), zero_point_); }

 private:
  F32x16 low_, high_;
  I32x16 zero_point_;
};

class RoundAway16 {
 public:
  RoundAway16(int32_t min, int32_t max, int32_t zero)
      : low_(splat16(static_cast<float>(min - zero))), high_(splat16(static_cast<float>(max - zero))), zero_point_(splat16(zero)) {}
  I32x16 operator()(F32x16 x) const {
    const F32x16 v = _mm512_min_ps(_mm512_max_ps(x, low_), high_);
    const I32x16 toward_zero = _mm512_cvttps_epi32(v);
    const F32x16 rest = _mm512_sub_ps(v, _mm512_cvtepi32_ps(toward_zero));
    const I32x16 up = _mm512_mask_add_epi32(toward_zero, _mm512_cmp_ps_mask(rest, splat16(0.5f), _CMP_GE_OQ), toward_zero, splat16(1));
    return _mm512_add_epi32(_mm512_mask_sub_epi32(up, _mm512_cmp_ps_mask(rest, splat16(-0.5f), _CMP_LE_OQ), up, splat16(1)), zero_point_);
  }

 private:
  F32x16 low_, high_;
  I32x16 zero_point_;
};

class TflmRight16 {
 public:
  using Out = uint8_t;
  static bool fits(const Requant& r, size_t n) {
    const I32x16 m = load16(r.multiplier + n);
    return _mm512_mask_cmpgt_epi32_mask(_mm512_test_epi32_mask(m, m), load_i8x16(r.shift + n), splat16(-2)) == 0;
  }
  TflmRight16(const Requant& r, size_t n)
      : m_(load16(r.multiplier + n)), right_(_mm512_sub_epi32(splat16(-1), load_i8x16(r.shift + n))), half_(r.max > 127 ? 128 : 0) {
    zero_point_ = splat16(2 * (r.zero_point - half_) + 1);
    low_ = _mm_set1_epi8(static_cast<char>(r.min - half_));
    high_ = _mm_set1_epi8(static_cast<char>(r.max - half_));
    flip_ = _mm_set1_epi8(static_cast<char>(half_));
  }
  void store(Out* y, I32x16 acc, size_t n) const {
    const I32x16 high = doubling_high_mul16(acc, m_, _mm512_srli_epi64(m_, 32));
    const I32x16 twice = _mm512_srav_epi32(_mm512_add_epi32(high, _mm512_srai_epi32(high, 31)), right_);
    const __m128i bytes = _mm512_cvtsepi32_epi8(_mm512_srai_epi32(_mm512_add_epi32(twice, zero_point_), 1));
    const __m128i clamped = _mm_xor_si128(_mm_min_epi8(_mm_max_epi8(bytes, low_), high_), flip_);
    if (n >= 16) return _mm_storeu_si128(reinterpret_cast<__m128i*>(y), clamped);
    _mm_mask_storeu_epi8(y, first_lanes16(n), clamped);
  }

 private:
  I32x16 m_, right_, zero_point_;
  __m128i low_, high_, flip_;
  int32_t half_;
};

}  // namespace
}  // namespace verge
