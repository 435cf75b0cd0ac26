// Bf16: the vector type of AVX-512 for numbers that are bf16 in memory and f32 in registers. Only for *_avx512bf16*.cc files.
#include "kernels/vec/avx512.h"

namespace verge {
namespace {

struct Bf16 : F32 {
  using F32::load, F32::load_first, F32::store, F32::store_first;

  static Reg load(const uint16_t* p) { return widened(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))); }
  static Reg load_first(const uint16_t* p, size_t n) { return widened(_mm256_maskz_loadu_epi16(first(n), p)); }
  static void store(uint16_t* p, Reg v) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), rounded(v)); }
  static void store_first(uint16_t* p, Reg v, size_t n) { _mm256_mask_storeu_epi16(p, first(n), rounded(v)); }

  static Reg widened(__m256i halves) { return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16)); }

 private:
  static __m256i rounded(Reg v) { return reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(v)); }
};

}  // namespace
}  // namespace verge
