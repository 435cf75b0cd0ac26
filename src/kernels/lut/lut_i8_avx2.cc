#include <immintrin.h>

#include "kernels/lut/lut_i8.h"

namespace verge {
namespace {

// pshufb looks an index below 128 up by its low four bits and gives 0 for others. With index - 16 i for i = 0 .. 15, an entry of row n of the table is
// reached by the steps i = n - 7 .. n (not below 0), if the subtraction wraps up to i = 8 and saturates from there. So step i adds by xor what row i
// differs from the row before, and takes back what step i - 8 added.
struct Rows {
  __m256i step[16];

  explicit Rows(const uint8_t* table) {
    __m128i before = _mm_setzero_si128(), steps[16];
    for (int i = 0; i < 16; ++i) {
      const __m128i row = _mm_loadu_si128(reinterpret_cast<const __m128i*>(table + 16 * i));
      steps[i] = _mm_xor_si128(row, before);
      if (i >= 8) steps[i] = _mm_xor_si128(steps[i], steps[i - 8]);
      step[i] = _mm256_broadcastsi128_si256(steps[i]);
      before = row;
    }
  }

  __m256i look_up(__m256i index) const {
    const __m256i sixteen = _mm256_set1_epi8(16);
    __m256i y = _mm256_shuffle_epi8(step[0], index);
    for (int i = 1; i < 16; ++i) {
      index = i <= 8 ? _mm256_sub_epi8(index, sixteen) : _mm256_subs_epi8(index, sixteen);
      y = _mm256_xor_si256(y, _mm256_shuffle_epi8(step[i], index));
    }
    return y;
  }
};

}  // namespace

void lut_i8_avx2(size_t n, const uint8_t* x, const uint8_t* table, uint8_t* y) {
  size_t i = 0;
  if (n >= 64) {
    const Rows rows(table);
    for (; i + 32 <= n; i += 32)
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(y + i), rows.look_up(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(x + i))));
  }
  for (; i < n; ++i) y[i] = table[x[i]];
}

}  // namespace verge
