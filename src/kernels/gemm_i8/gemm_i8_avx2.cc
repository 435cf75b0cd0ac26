#include "kernels/requant/vector_avx2.h"

#include "kernels/gemm_i8/generic.h"

namespace verge {
namespace {

// Bytes widened to int16; vpmaddwd adds products of k = 0, 1 and of k = 2, 3, two lanes a column. (vpmaddubsw would saturate.)
struct Widened {
  struct Acc {
    __m256i q[4];  // columns 4i..4i+3
  };
  using X = __m256i;
  static constexpr int32_t kOffset = 0;

  static Acc zero() { return {{_mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256()}}; }
  static X broadcast(uint32_t word) { return _mm256_broadcastq_epi64(_mm_cvtepi8_epi16(_mm_cvtsi32_si128(static_cast<int32_t>(word)))); }
  static X load(const uint8_t* p, uint32_t flip) { return broadcast(load_word(p) ^ flip); }
  template <int rows, int panels> static void step(Acc (&acc)[rows][panels], const int8_t* w, size_t stride, const X (&x)[rows]) {
    for (size_t p = 0; p < panels; ++p)
      for (int i = 0; i < 4; ++i) {
        const __m256i weights = _mm256_cvtepi8_epi16(_mm_load_si128(reinterpret_cast<const __m128i*>(w + p * stride + 16 * static_cast<size_t>(i))));
        for (int r = 0; r < rows; ++r) acc[r][p].q[i] = _mm256_add_epi32(acc[r][p].q[i], _mm256_madd_epi16(weights, x[r]));
      }
  }
  static void expand(const int8_t* packed, int8_t* bytes) {
    const __m256i signs = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, -8, -7, -6, -5, -4, -3, -2, -1)), low = _mm256_set1_epi8(15);
    const __m256i both = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(packed));
    _mm256_store_si256(reinterpret_cast<__m256i*>(bytes), _mm256_shuffle_epi8(signs, _mm256_and_si256(both, low)));
    _mm256_store_si256(reinterpret_cast<__m256i*>(bytes + 32), _mm256_shuffle_epi8(signs, _mm256_and_si256(_mm256_srli_epi16(both, 4), low)));
  }
  static I32x16 sums(const Acc& acc) { return {eight(acc.q[0], acc.q[1]), eight(acc.q[2], acc.q[3])}; }
  static __m256i eight(__m256i a, __m256i b) { return _mm256_permute4x64_epi64(_mm256_hadd_epi32(a, b), _MM_SHUFFLE(3, 1, 2, 0)); }
};

}  // namespace

void gemm_i8_i8_3x16_avx2(const GemmI8& g, const GemmI8Tile& tile) { run_gemm<Widened, 3, 1>(g, tile); }

}  // namespace verge
