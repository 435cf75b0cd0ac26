// What depthwise_i8's loop needs, for both AVX-512 files: they differ in how two products are added.
#pragma once
#include "kernels/requant/vector_avx512.h"

namespace verge {
namespace {

// 32 channels; interleaving works within quarters of a register, so `low` has channels 0-3, 8-11, .. and `high` 4-7, 12-15, ..
template <typename Add> struct LanesAvx512 {
  static constexpr size_t kChannels = 32;
  using Wide = __m512i;
  struct Pair {
    __m512i low, high;
  };
  using Acc = Pair;

  static Wide load(const uint8_t* p, size_t n, uint8_t flip) {
    const __mmask32 lanes = n >= 32 ? ~__mmask32{0} : (__mmask32{1} << n) - 1;
    return _mm512_cvtepi8_epi16(_mm256_xor_si256(_mm256_maskz_loadu_epi8(lanes, p), _mm256_set1_epi8(static_cast<char>(flip))));
  }
  static Wide none() { return _mm512_setzero_si512(); }
  static Wide weights(const int8_t* w, const int32_t* zero) {
    const __m512i wide = _mm512_cvtepi8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(w)));
    if (!zero) return wide;
    const __m256i low = _mm512_cvtepi32_epi16(load16(zero)), high = _mm512_cvtepi32_epi16(load16(zero + 16));
    return _mm512_sub_epi16(wide, _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1));
  }
  static Pair pair(Wide a, Wide b) { return {_mm512_unpacklo_epi16(a, b), _mm512_unpackhi_epi16(a, b)}; }
  static Acc zero() { return {none(), none()}; }
  static Acc add(Acc acc, Pair x, Pair w) { return {Add::products(acc.low, x.low, w.low), Add::products(acc.high, x.high, w.high)}; }
  static I32x16 sums(Acc acc, int half) {
    const __m512i order = _mm512_add_epi64(_mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11), _mm512_set1_epi64(half * 4));
    return _mm512_permutex2var_epi64(acc.low, order, acc.high);
  }
};

}  // namespace
}  // namespace verge
