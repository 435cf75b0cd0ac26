#include <immintrin.h>

#include "kernels/lut/lut_i8.h"

namespace verge {

// vpermi2b looks seven bits up in two registers; the eighth chooses between the halves of the table.
void lut_i8_avx512vbmi(size_t n, const uint8_t* x, const uint8_t* table, uint8_t* y) {
  __m512i quarter[4];
  for (int i = 0; i < 4; ++i) quarter[i] = _mm512_loadu_si512(table + 64 * i);
  for (size_t i = 0; i < n; i += 64) {
    const __mmask64 lanes = n - i >= 64 ? ~__mmask64{0} : (__mmask64{1} << (n - i)) - 1;
    const __m512i index = _mm512_maskz_loadu_epi8(lanes, x + i);
    const __m512i low = _mm512_permutex2var_epi8(quarter[0], index, quarter[1]), high = _mm512_permutex2var_epi8(quarter[2], index, quarter[3]);
    _mm512_mask_storeu_epi8(y + i, lanes, _mm512_mask_blend_epi8(_mm512_movepi8_mask(index), low, high));
  }
}

}  // namespace verge
