#include "kernels/requant/vector_avx512.h"

#include "kernels/pool_i8/generic.h"

namespace verge {
namespace {

struct Bytes {
  using Reg = __m128i;
  using Sums = __m256i;

  static Reg load(const uint8_t* p, size_t n) { return _mm_maskz_loadu_epi8(first_lanes16(n), p); }
  static Reg flip(Reg x, uint8_t byte) { return _mm_xor_si128(x, _mm_set1_epi8(static_cast<char>(byte))); }
  static Sums none() { return _mm256_setzero_si256(); }
  static Sums add(Sums sums, Reg x) { return _mm256_add_epi16(sums, _mm256_cvtepi8_epi16(x)); }
  static I32x16 widen(Sums s) { return _mm512_cvtepi16_epi32(s); }
};

// Bytes with their sign flipped are compared as unsigned ones.
template <bool is_unsigned> void max_of(size_t rows, const void* const* x, size_t n, uint8_t* y) {
  for (size_t c = 0; c < n; c += 64) {
    const __mmask64 lanes = n - c >= 64 ? ~__mmask64{0} : (__mmask64{1} << (n - c)) - 1;
    const auto load = [&](size_t r) { return _mm512_maskz_loadu_epi8(lanes, static_cast<const uint8_t*>(x[r]) + c); };
    __m512i most = load(0);
    for (size_t r = 1; r < rows; ++r) most = is_unsigned ? _mm512_max_epu8(most, load(r)) : _mm512_max_epi8(most, load(r));
    _mm512_mask_storeu_epi8(y + c, lanes, most);
  }
}

}  // namespace

void sum_bytes_i8_avx512(size_t rows, const void* const* x, size_t n, uint8_t flip, int32_t* sums) { sum_bytes<Bytes>(rows, x, n, flip, sums); }
void max_bytes_i8_avx512(size_t rows, const void* const* x, size_t n, uint8_t flip, uint8_t* y) { (flip ? max_of<true> : max_of<false>)(rows, x, n, y); }

}  // namespace verge
