// What becomes of a row of sums: residual, clamp, store. For the files of AVX-512 BF16 and AMX, behind kernels/vec/avx512bf16.h.
#include <cstddef>

#include "kernels/gemm_bf16/gemm_bf16.h"

namespace verge {
namespace {

// Up to 32 columns, the first `columns` of them.
class SumRow {
 public:
  SumRow(ClampF32 clamp, size_t columns)
      : left_(columns >= 16 ? static_cast<__mmask16>(0xffff) : F32::first(columns)),
        right_(columns >= 32 ? static_cast<__mmask16>(0xffff) : columns > 16 ? F32::first(columns - 16) : static_cast<__mmask16>(0)), low_(_mm512_set1_ps(clamp.min)),
        high_(_mm512_set1_ps(clamp.max)) {}

  [[gnu::always_inline]] void store(__m512 left, __m512 right, Reals residual, RealsOut y) const {
    if (residual) left = _mm512_add_ps(left, load(residual, 0, left_)), right = _mm512_add_ps(right, load(residual, 16, right_));
    left = clamped(left), right = clamped(right);
    if (y.half) {
      const auto both = static_cast<__mmask32>(left_ | static_cast<uint32_t>(right_) << 16);
      return _mm512_mask_storeu_epi16(y.data, both, reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(right, left)));
    }
    _mm512_mask_storeu_ps(y.as<float>(), left_, left);
    if (right_) _mm512_mask_storeu_ps(y.as<float>() + 16, right_, right);
  }

 private:
  static __m512 load(Reals x, size_t at, __mmask16 some) {
    return x.half ? Bf16::widened(_mm256_maskz_loadu_epi16(some, x.as<uint16_t>() + at)) : _mm512_maskz_loadu_ps(some, x.as<float>() + at);
  }
  __m512 clamped(__m512 x) const { return F32::min(high_, F32::max(low_, x)); }

  __mmask16 left_, right_;
  __m512 low_, high_;
};

}  // namespace
}  // namespace verge
