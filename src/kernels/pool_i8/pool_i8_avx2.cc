#include "kernels/requant/vector_avx2.h"

#include "kernels/pool_i8/generic.h"

namespace verge {
namespace {

struct Bytes {
  using Reg = __m128i;
  using Sums = __m256i;

  static Reg load(const uint8_t* p, size_t n) {
    alignas(16) uint8_t last[16] = {};
    if (n < 16) p = static_cast<const uint8_t*>(std::memcpy(last, p, n));
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  }
  static Reg flip(Reg x, uint8_t byte) { return _mm_xor_si128(x, _mm_set1_epi8(static_cast<char>(byte))); }
  static Reg max(Reg x, Reg y) { return _mm_max_epi8(x, y); }
  static void store(uint8_t* p, Reg x, size_t n) {
    if (n >= 16) return _mm_storeu_si128(reinterpret_cast<__m128i*>(p), x);
    alignas(16) uint8_t last[16];
    _mm_store_si128(reinterpret_cast<__m128i*>(last), x);
    std::memcpy(p, last, n);
  }
  static Sums none() { return _mm256_setzero_si256(); }
  static Sums add(Sums sums, Reg x) { return _mm256_add_epi16(sums, _mm256_cvtepi8_epi16(x)); }
  static I32x16 widen(Sums s) { return {_mm256_cvtepi16_epi32(_mm256_castsi256_si128(s)), _mm256_cvtepi16_epi32(_mm256_extracti128_si256(s, 1))}; }
};

}  // namespace

void sum_bytes_i8_avx2(size_t rows, const void* const* x, size_t n, uint8_t flip, int32_t* sums) { sum_bytes<Bytes>(rows, x, n, flip, sums); }
void max_bytes_i8_avx2(size_t rows, const void* const* x, size_t n, uint8_t flip, uint8_t* y) { max_bytes<Bytes>(rows, x, n, flip, y); }

}  // namespace verge
