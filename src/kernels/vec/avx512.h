// F32: the f32 vector type of AVX-512 for the generic.h of every family. Only for *_avx512*.cc files: the name is local to each.
#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // GCC 12 on _mm512_undefined_ps in its own header, PR 105593
#endif
#include <immintrin.h>

#include <cstddef>
#include <cstdint>

namespace verge {
namespace {

struct F32 {
  using Reg = __m512;
  using Mask = __mmask16;
  static constexpr int kWidth = 16;

  static Mask first(size_t n) { return static_cast<Mask>((1u << n) - 1); }
  static Reg load(const float* p) { return _mm512_loadu_ps(p); }
  static Reg load_first(const float* p, size_t n) { return _mm512_maskz_loadu_ps(first(n), p); }  // n < kWidth, zeros after
  static void store(float* p, Reg v) { _mm512_storeu_ps(p, v); }
  static void store_first(float* p, Reg v, size_t n) { _mm512_mask_storeu_ps(p, first(n), v); }
  static Reg set1(float x) { return _mm512_set1_ps(x); }
  static Reg fma(Reg x, Reg y, Reg z) { return _mm512_fmadd_ps(x, y, z); }  // x * y + z
  static Reg add(Reg x, Reg y) { return _mm512_add_ps(x, y); }
  static Reg sub(Reg x, Reg y) { return _mm512_sub_ps(x, y); }
  static Reg mul(Reg x, Reg y) { return _mm512_mul_ps(x, y); }
  static Reg div(Reg x, Reg y) { return _mm512_div_ps(x, y); }
  static Reg sqrt(Reg x) { return _mm512_sqrt_ps(x); }
  static Reg min(Reg limit, Reg x) { return _mm512_min_ps(limit, x); }  // x when either is NaN
  static Reg max(Reg limit, Reg x) { return _mm512_max_ps(limit, x); }
  static Mask less(Reg x, Reg y) { return _mm512_cmp_ps_mask(x, y, _CMP_LT_OQ); }
  static Reg select(Mask m, Reg yes, Reg no) { return _mm512_mask_blend_ps(m, no, yes); }
  static Reg abs(Reg x) { return _mm512_abs_ps(x); }
  static Reg sign_of(Reg from, Reg magnitude) { return _mm512_or_ps(magnitude, _mm512_and_ps(from, _mm512_set1_ps(-0.0f))); }  // magnitude >= 0
  static Reg round(Reg x) { return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
  static Reg times_exp2(Reg x, Reg n) { return _mm512_scalef_ps(x, n); }  // x * 2^n for integral n, rounded once
  static float highest(Reg x) { return _mm512_reduce_max_ps(x); }  // no NaN
  static float sum(Reg x) { return _mm512_reduce_add_ps(x); }
  // 2^n for integral n in [-126, 127].
  static Reg exp2i(Reg n) { return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_add_epi32(_mm512_cvtps_epi32(n), _mm512_set1_epi32(127)), 23)); }
};

}  // namespace
}  // namespace verge
