#include "kernels/vec/avx512.h"

#include "kernels/bf16/bf16.h"

namespace verge {
namespace {

__mmask32 first32(size_t n) { return n >= 32 ? ~__mmask32{0} : (__mmask32{1} << n) - 1; }
__mmask16 first16(size_t n) { return n >= 16 ? static_cast<__mmask16>(0xffff) : static_cast<__mmask16>((1u << n) - 1); }

__m512i halves(__m512 low, __m512 high) { return reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(high, low)); }

// The last n < 32 of a row.
__m512i round_few(const float* x, size_t n) {
  return halves(_mm512_maskz_loadu_ps(first16(n), x), n > 16 ? _mm512_maskz_loadu_ps(first16(n - 16), x + 16) : _mm512_setzero_ps());
}

void round_row(size_t n, const float* x, uint16_t* y, size_t end) {
  size_t c = 0;
  for (; c + 32 <= n; c += 32) _mm512_storeu_si512(y + c, halves(_mm512_loadu_ps(x + c), _mm512_loadu_ps(x + c + 16)));
  if (c < n) _mm512_mask_storeu_epi16(y + c, first32(end - c), round_few(x + c, n - c)), c += 32;
  for (; c < end; c += 32) _mm512_mask_storeu_epi16(y + c, first32(end - c), _mm512_setzero_si512());
}

}  // namespace

void round_bf16_avx512bf16(const RoundRows& a) {
  if (a.n == a.x_step && a.n == a.y_step) return round_row(a.rows * a.n, a.x, a.y, a.rows * a.n);
  for (size_t r = 0; r < a.rows; ++r) round_row(a.n, a.x + r * a.x_step, a.y + r * a.y_step, a.y_step);
}

void copy_bf16_avx512bf16(const CopyRuns& a) {
  const size_t whole = a.n / 32 * 32;
  const __mmask32 rest = first32(a.n - whole);
  for (size_t r = 0; r < a.rows; ++r) {
    uint16_t *y = a.y + r * a.y_step, *const end = y + a.y_step;
    for (size_t i = 0; i < a.runs; ++i, y += a.n) {
      const uint16_t* x = a.x + r * a.x_step + a.at[i];
      for (size_t c = 0; c < whole; c += 32) _mm512_storeu_si512(y + c, _mm512_loadu_si512(x + c));
      if (rest) _mm512_mask_storeu_epi16(y + whole, rest, _mm512_maskz_loadu_epi16(rest, x + whole));
    }
    for (; y < end; y += 32) _mm512_mask_storeu_epi16(y, first32(static_cast<size_t>(end - y)), _mm512_setzero_si512());
  }
}

void pair_bf16_avx512bf16(const PairRows& a) {
  for (size_t column = 0; column < a.n; column += 16) {
    const __mmask16 columns = first16(a.n - column);
    const auto row = [&](size_t i) {
      if (i >= a.k) return _mm512_setzero_si512();
      const Reals x = a.x.from(i * a.x_step + column);
      if (x.half) return _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(columns, x.as<uint16_t>()));
      return _mm512_cvtepu16_epi32(reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(_mm512_maskz_loadu_ps(columns, x.as<float>()))));
    };
    uint16_t* y = a.y + column / 16 * a.panel_step;
    for (size_t i = 0; i < a.pairs; ++i, y += 32) _mm512_storeu_si512(y, _mm512_or_si512(row(2 * i), _mm512_slli_epi32(row(2 * i + 1), 16)));
  }
}

void turn_bf16_avx512bf16(const TurnColumns& a) {
  alignas(64) int32_t at[16];
  for (size_t j = 0; j < 16; ++j) at[j] = static_cast<int32_t>((j < a.n ? j : 0) * a.x_step * sizeof(uint16_t));
  const __m512i places = _mm512_load_si512(at);
  const __mmask16 some = first16(a.n);
  size_t i = 0;
  uint16_t* y = a.y;
  for (; 2 * i + 2 <= a.k; ++i, y += 32) _mm512_storeu_si512(y, _mm512_mask_i32gather_epi32(_mm512_setzero_si512(), some, places, a.x + 2 * i, 1));
  if (2 * i < a.k) turn_bf16_portable({a.n, 1, 1, a.x + 2 * i, a.x_step, y}), ++i, y += 32;
  for (; i < a.pairs; ++i, y += 32) _mm512_storeu_si512(y, _mm512_setzero_si512());
}

void widen_bf16_avx512bf16(size_t n, const uint16_t* x, float* y) {
  const auto widened = [](__m256i halves) { return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16)); };
  size_t i = 0;
  for (; i + 16 <= n; i += 16) _mm512_storeu_ps(y + i, widened(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(x + i))));
  if (i < n) _mm512_mask_storeu_ps(y + i, first16(n - i), widened(_mm256_maskz_loadu_epi16(first16(n - i), x + i)));
}

}  // namespace verge
