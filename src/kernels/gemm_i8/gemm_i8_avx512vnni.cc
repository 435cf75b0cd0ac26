#include "kernels/requant/vector_avx512.h"

#include "kernels/gemm_i8/generic.h"

namespace verge {
namespace {

// vpdpbusd multiplies unsigned by signed bytes: x goes in as x + 128.
struct Vnni {
  using Acc = __m512i;
  using X = __m512i;
  static constexpr int32_t kOffset = 128;

  static Acc zero() { return _mm512_setzero_si512(); }
  static X broadcast(uint32_t word) { return _mm512_set1_epi32(static_cast<int32_t>(word)); }
  static X load(const uint8_t* p, uint32_t flip) { return _mm512_xor_si512(broadcast(load_word(p)), broadcast(flip)); }
  template <int rows, int panels> static void step(Acc (&acc)[rows][panels], const int8_t* w, size_t stride, const X (&x)[rows]) {
    __m512i weights[panels];
    for (size_t p = 0; p < panels; ++p) weights[p] = _mm512_load_si512(w + p * stride);
    for (int r = 0; r < rows; ++r)
      for (int p = 0; p < panels; ++p) acc[r][p] = _mm512_dpbusd_epi32(acc[r][p], x[r], weights[p]);
  }
  static void expand(const int8_t* packed, int8_t* bytes) {
    const __m512i signs = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, -8, -7, -6, -5, -4, -3, -2, -1));
    const __m512i shift = _mm512_inserti64x4(_mm512_setzero_si512(), _mm256_set1_epi16(4), 1);
    const __m512i twice = _mm512_broadcast_i64x4(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(packed)));
    const __m512i halves = _mm512_and_si512(_mm512_srlv_epi16(twice, shift), _mm512_set1_epi8(15));
    _mm512_store_si512(bytes, _mm512_shuffle_epi8(signs, halves));
  }
  static I32x16 sums(Acc acc) { return acc; }
};

}  // namespace

void gemm_i8_i8_6x64_avx512vnni(const GemmI8& g, const GemmI8Tile& tile) { run_gemm<Vnni, 6, 4, 12>(g, tile); }

}  // namespace verge
