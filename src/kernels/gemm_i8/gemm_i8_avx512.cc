#include "kernels/requant/vector_avx512.h"

#include "kernels/gemm_i8/generic.h"

namespace verge {
namespace {

// Bytes widened to int16; vpmaddwd adds products of k = 0, 1 and of k = 2, 3, two lanes a column.
struct Widened {
  struct Acc {
    __m512i low, high;  // columns 0-7, 8-15
  };
  using X = __m512i;
  static constexpr int32_t kOffset = 0;

  static Acc zero() { return {_mm512_setzero_si512(), _mm512_setzero_si512()}; }
  static X broadcast(uint32_t word) { return _mm512_broadcastq_epi64(_mm_cvtepi8_epi16(_mm_cvtsi32_si128(static_cast<int32_t>(word)))); }
  static X load(const uint8_t* p, uint32_t flip) { return broadcast(load_word(p) ^ flip); }
  static __m512i widen(const int8_t* w) { return _mm512_cvtepi8_epi16(_mm256_load_si256(reinterpret_cast<const __m256i*>(w))); }
  template <int rows, int panels> static void step(Acc (&acc)[rows][panels], const int8_t* w, size_t stride, const X (&x)[rows]) {
    for (size_t p = 0; p < panels; ++p) {
      const __m512i low = widen(w + p * stride), high = widen(w + p * stride + 32);
      for (int r = 0; r < rows; ++r) {
        acc[r][p].low = _mm512_add_epi32(acc[r][p].low, _mm512_madd_epi16(low, x[r]));
        acc[r][p].high = _mm512_add_epi32(acc[r][p].high, _mm512_madd_epi16(high, x[r]));
      }
    }
  }
  static void expand(const int8_t* packed, int8_t* bytes) {
    const __m512i signs = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, -8, -7, -6, -5, -4, -3, -2, -1));
    const __m512i shift = _mm512_inserti64x4(_mm512_setzero_si512(), _mm256_set1_epi16(4), 1);
    const __m512i twice = _mm512_broadcast_i64x4(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(packed)));
    const __m512i halves = _mm512_and_si512(_mm512_srlv_epi16(twice, shift), _mm512_set1_epi8(15));
    _mm512_store_si512(bytes, _mm512_shuffle_epi8(signs, halves));
  }
  static I32x16 sums(const Acc& acc) {
    const __m512i even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    const __m512i odd = _mm512_add_epi32(even, _mm512_set1_epi32(1));
    return _mm512_add_epi32(_mm512_permutex2var_epi32(acc.low, even, acc.high), _mm512_permutex2var_epi32(acc.low, odd, acc.high));
  }
};

}  // namespace

void gemm_i8_i8_6x32_avx512(const GemmI8& g, const GemmI8Tile& tile) { run_gemm<Widened, 6, 2, 12>(g, tile); }

}  // namespace verge
