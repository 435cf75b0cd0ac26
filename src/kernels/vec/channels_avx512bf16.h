// 32 neighbouring numbers of bf16 as two registers of floats, those at even places and those at odd ones: half of a register of bf16 is a float as it
// stands. Only for *_avx512bf16*.cc files, behind kernels/vec/avx512.h.
#include <cstdint>

namespace verge {
namespace {

constexpr size_t kUnit = 32, kHalf = kUnit / 2;

// The first n of 32 count.
class Channels {
 public:
  explicit Channels(size_t n) : some_(n >= kUnit ? ~__mmask32{0} : (__mmask32{1} << n) - 1) {
    for (uint16_t i = 0; i < kHalf; ++i) order_[2 * i] = i, order_[2 * i + 1] = static_cast<uint16_t>(kHalf + i);
  }
  __m512 even(const uint16_t* x) const { return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_maskz_loadu_epi16(some_, x), 16)); }
  __m512 odd(const uint16_t* x) const { return _mm512_castsi512_ps(_mm512_and_si512(_mm512_maskz_loadu_epi16(some_, x), _mm512_set1_epi32(static_cast<int>(0xffff0000u)))); }
  void store(uint16_t* y, __m512 even, __m512 odd) const {
    const auto halves = reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(odd, even));
    _mm512_mask_storeu_epi16(y, some_, _mm512_permutexvar_epi16(_mm512_load_si512(order_), halves));
  }

 private:
  __mmask32 some_;
  alignas(64) uint16_t order_[kUnit];
};

// body(first, channels) for all of them, 32 at a time.
template <typename Body> void for_channels(size_t count, const Body& body) {
  const Channels whole(kUnit);
  size_t c = 0;
  for (; c + kUnit <= count; c += kUnit) body(c, whole);
  if (c < count) body(c, Channels(count - c));
}

// 2^t = 2^n * 2^r with |r| <= 1/2; 0 below 2^-125. The polynomial is a minimax fit of 2^r, relative error 3e-6.
[[gnu::always_inline]] inline __m512 power_of_two(__m512 t, __mmask16 some) {
  const __m512 n = F32::round(t), r = _mm512_sub_ps(t, n);
  __m512 p = _mm512_fmadd_ps(_mm512_set1_ps(0.00958272f), r, _mm512_set1_ps(0.05590607f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0.24024099f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0.69312424f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.0f));
  return _mm512_maskz_scalef_ps(_mm512_mask_cmp_ps_mask(some, t, _mm512_set1_ps(-125.0f), _CMP_NLT_UQ), p, n);
}

}  // namespace
}  // namespace verge
