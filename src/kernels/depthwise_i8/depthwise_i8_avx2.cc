#include "kernels/requant/vector_avx2.h"

#include "kernels/depthwise_i8/generic.h"

namespace verge {
namespace {

// 16 channels; interleaving works within halves of a register, so `low` has channels 0-3, 8-11 and `high` 4-7, 12-15.
struct Lanes {
  static constexpr size_t kChannels = 16;
  using Wide = __m256i;
  struct Pair {
    __m256i low, high;
  };
  using Acc = Pair;

  static Wide widen(const void* p) { return _mm256_cvtepi8_epi16(_mm_loadu_si128(static_cast<const __m128i*>(p))); }
  static Wide load(const uint8_t* p, size_t n, uint8_t flip) {
    alignas(16) uint8_t last[16] = {};
    if (n < 16) p = static_cast<const uint8_t*>(std::memcpy(last, p, n));
    return _mm256_cvtepi8_epi16(_mm_xor_si128(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)), _mm_set1_epi8(static_cast<char>(flip))));
  }
  static Wide none() { return _mm256_setzero_si256(); }
  static Wide weights(const int8_t* w, const int32_t* zero) {
    if (!zero) return widen(w);
    const I32x16 z = load16(zero);
    return _mm256_sub_epi16(widen(w), _mm256_permute4x64_epi64(_mm256_packs_epi32(z.a, z.b), _MM_SHUFFLE(3, 1, 2, 0)));
  }
  static Pair pair(Wide a, Wide b) { return {_mm256_unpacklo_epi16(a, b), _mm256_unpackhi_epi16(a, b)}; }
  static Acc zero() { return {none(), none()}; }
  static Acc add(Acc acc, Pair x, Pair w) {
    return {_mm256_add_epi32(acc.low, _mm256_madd_epi16(x.low, w.low)), _mm256_add_epi32(acc.high, _mm256_madd_epi16(x.high, w.high))};
  }
  static I32x16 sums(Acc acc, int) { return {_mm256_permute2x128_si256(acc.low, acc.high, 0x20), _mm256_permute2x128_si256(acc.low, acc.high, 0x31)}; }
};

}  // namespace

void depthwise_i8_avx2(const DepthwiseI8& conv, const DepthwiseI8Pixels& pixels) { run_depthwise<Lanes>(conv, pixels); }

}  // namespace verge
