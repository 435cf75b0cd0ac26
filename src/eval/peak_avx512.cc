#include <immintrin.h>

#include "eval/peak_loop.h"

namespace verge {

double peak_f32_avx512() {
  const __m512 a = _mm512_set1_ps(0.999F), b = _mm512_set1_ps(1e-6F);
  return best_rate(_mm512_set1_ps(1), 16, [=](__m512 acc) { return _mm512_fmadd_ps(acc, a, b); });
}

double peak_int8_avx512() {
  const __m512i a = _mm512_set1_epi8(1), b = _mm512_set1_epi8(2), ones = _mm512_set1_epi16(1);
  return best_rate(_mm512_set1_epi32(1), 64, [=](__m512i acc) {
    __m512i x = a;
    keep(x);
    return _mm512_add_epi32(acc, _mm512_madd_epi16(_mm512_maddubs_epi16(x, b), ones));
  });
}

}  // namespace verge
