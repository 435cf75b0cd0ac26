#include "kernels/vec/avx512bf16.h"

#include "kernels/softmax_bf16/softmax_bf16.h"
#include "kernels/vec/channels_avx512bf16.h"

namespace verge {
namespace {

constexpr size_t kStep = 16;

__mmask16 first_of(size_t n) { return n >= kStep ? static_cast<__mmask16>(0xffff) : F32::first(n); }

// Scores in units of ln 2.
template <bool has_mask> struct Scores {
  const float *x, *mask;
  __m512 scale;

  [[gnu::always_inline]] __m512 at(size_t i, __mmask16 some, __m512 shift) const {
    __m512 bias = shift;
    if constexpr (has_mask) bias = _mm512_fmadd_ps(_mm512_maskz_loadu_ps(some, mask + i), _mm512_set1_ps(1.44269504f), shift);
    return _mm512_fmadd_ps(_mm512_maskz_loadu_ps(some, x + i), scale, bias);
  }
};

template <bool has_mask> void run_row(const SoftmaxBf16& a, const float* x, uint16_t* y, float* factor) {
  const Scores<has_mask> scores{x, a.mask, _mm512_set1_ps(a.scale * 1.44269504f)};
  const __m512 zero = _mm512_setzero_ps();
  __m512 most = _mm512_set1_ps(-__builtin_inff());
  for (size_t i = 0; i < a.n; i += kStep) {
    const __mmask16 some = first_of(a.n - i);
    most = _mm512_mask_max_ps(most, some, most, scores.at(i, some, zero));
  }
  const __m512 shift = _mm512_set1_ps(-_mm512_reduce_max_ps(most));
  __m512 sums[2] = {zero, zero};
  size_t i = 0;
  for (; i < a.n; i += 2 * kStep) {
    const __mmask16 left = first_of(a.n - i), right = a.n > i + kStep ? first_of(a.n - i - kStep) : static_cast<__mmask16>(0);
    const __m512 low = power_of_two(scores.at(i, left, shift), left), high = power_of_two(scores.at(i + kStep, right, shift), right);
    sums[0] = _mm512_add_ps(sums[0], low), sums[1] = _mm512_add_ps(sums[1], high);
    const size_t room = a.y_step - i;
    const __mmask32 stored = room >= 2 * kStep ? ~__mmask32{0} : (__mmask32{1} << room) - 1;
    _mm512_mask_storeu_epi16(y + i, stored, reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(high, low)));
  }
  for (; i < a.y_step; ++i) y[i] = 0;
  *factor = 1 / _mm512_reduce_add_ps(_mm512_add_ps(sums[0], sums[1]));
}

}  // namespace

void softmax_bf16_avx512bf16(const SoftmaxBf16& a) {
  for (size_t r = 0; r < a.rows; ++r) (a.mask ? run_row<true> : run_row<false>)(a, a.x + r * a.x_step, a.y + r * a.y_step, a.factor + r);
}

}  // namespace verge
