#include <immintrin.h>

#include "eval/peak_loop.h"

namespace verge {

double peak_f32_avx2() {
  const __m256 a = _mm256_set1_ps(0.999F), b = _mm256_set1_ps(1e-6F);
  return best_rate(_mm256_set1_ps(1), 8, [=](__m256 acc) { return _mm256_fmadd_ps(acc, a, b); });
}

double peak_int8_avx2() {
  const __m256i a = _mm256_set1_epi8(1), b = _mm256_set1_epi8(2), ones = _mm256_set1_epi16(1);
  return best_rate(_mm256_set1_epi32(1), 32, [=](__m256i acc) {
    __m256i x = a;
    keep(x);
    return _mm256_add_epi32(acc, _mm256_madd_epi16(_mm256_maddubs_epi16(x, b), ones));
  });
}

}  // namespace verge
