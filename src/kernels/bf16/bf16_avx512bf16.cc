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
  alignas(64) uint16_t order[32];
  for (uint16_t j = 0; j < 16; ++j) order[2 * j] = j, order[2 * j + 1] = static_cast<uint16_t>(16 + j);
  const __m512i side_by_side = _mm512_load_si512(order);
  const __m512 scale = _mm512_set1_ps(a.scale);
  for (size_t column = 0; column < a.n; column += 16) {
    const __mmask16 columns = first16(a.n - column);
    const auto row = [&](size_t i) { return i < a.k ? _mm512_mul_ps(scale, _mm512_maskz_loadu_ps(columns, a.x + i * a.x_step + column)) : _mm512_setzero_ps(); };
    uint16_t* y = a.y + column / 16 * a.panel_step;
    for (size_t i = 0; i < a.pairs; ++i, y += 32) _mm512_storeu_si512(y, _mm512_permutexvar_epi16(side_by_side, halves(row(2 * i), row(2 * i + 1))));
  }
}

}  // namespace verge
