#include <immintrin.h>

#include "eval/peak_loop.h"

namespace verge {

double peak_int8_avx512vnni() {
  const __m512i a = _mm512_set1_epi8(1), b = _mm512_set1_epi8(2);
  return best_rate(_mm512_set1_epi32(1), 64, [=](__m512i acc) { return _mm512_dpbusd_epi32(acc, a, b); });
}

}  // namespace verge
