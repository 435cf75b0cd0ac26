// F32: the f32 vector type of AVX2 with FMA for the generic.h of every family. Only for *_avx2.cc files: the name is local to each.
#include <immintrin.h>

#include <cstddef>
#include <cstdint>

namespace verge {
namespace {

alignas(32) constexpr int32_t kFirstLanes[16] = {-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0};

struct F32 {
  using Reg = __m256;
  using Mask = __m256;
  static constexpr int kWidth = 8;

  static __m256i first(size_t n) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(kFirstLanes + 8 - n)); }
  static Reg load(const float* p) { return _mm256_loadu_ps(p); }
  static Reg load_first(const float* p, size_t n) { return _mm256_maskload_ps(p, first(n)); }  // n < kWidth, zeros after
  static void store(float* p, Reg v) { _mm256_storeu_ps(p, v); }
  static void store_first(float* p, Reg v, size_t n) { _mm256_maskstore_ps(p, first(n), v); }
  static Reg set1(float x) { return _mm256_set1_ps(x); }
  static Reg fma(Reg x, Reg y, Reg z) { return _mm256_fmadd_ps(x, y, z); }  // x * y + z
  static Reg add(Reg x, Reg y) { return _mm256_add_ps(x, y); }
  static Reg sub(Reg x, Reg y) { return _mm256_sub_ps(x, y); }
  static Reg mul(Reg x, Reg y) { return _mm256_mul_ps(x, y); }
  static Reg div(Reg x, Reg y) { return _mm256_div_ps(x, y); }
  static Reg sqrt(Reg x) { return _mm256_sqrt_ps(x); }
  static Reg min(Reg limit, Reg x) { return _mm256_min_ps(limit, x); }  // x when either is NaN
  static Reg max(Reg limit, Reg x) { return _mm256_max_ps(limit, x); }
  static Mask less(Reg x, Reg y) { return _mm256_cmp_ps(x, y, _CMP_LT_OQ); }
  static Reg select(Mask m, Reg yes, Reg no) { return _mm256_blendv_ps(no, yes, m); }
  static Reg abs(Reg x) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), x); }
  static Reg sign_of(Reg from, Reg magnitude) { return _mm256_or_ps(magnitude, _mm256_and_ps(from, _mm256_set1_ps(-0.0f))); }  // magnitude >= 0
  static Reg round(Reg x) { return _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
  // 2^n for integral n in [-126, 127].
  static Reg exp2i(Reg n) { return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23)); }
};

}  // namespace
}  // namespace verge
