// F32: the f32 vector type of WebAssembly's 128-bit SIMD for the generic.h of every family; with relaxed SIMD it has a fused product and sum. Only for
// *_wasm.cc files: the name is local to each.
#include <wasm_simd128.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace verge {
namespace {

struct F32 {
  using Reg = v128_t;
  using Mask = v128_t;
  static constexpr int kWidth = 4;

  static Reg load(const float* p) { return wasm_v128_load(p); }
  static Reg load_first(const float* p, size_t n) {  // n < kWidth, zeros after
    float padded[4] = {};
    for (size_t i = 0; i < n; ++i) padded[i] = p[i];
    return wasm_v128_load(padded);
  }
  static void store(float* p, Reg v) { wasm_v128_store(p, v); }
  static void store_first(float* p, Reg v, size_t n) {
    float all[4];
    wasm_v128_store(all, v);
    for (size_t i = 0; i < n; ++i) p[i] = all[i];
  }
  static Reg set1(float x) { return wasm_f32x4_splat(x); }
#if defined(__wasm_relaxed_simd__)
  static Reg fma(Reg x, Reg y, Reg z) { return __builtin_wasm_relaxed_madd_f32x4(x, y, z); }  // x * y + z
#else
  static Reg fma(Reg x, Reg y, Reg z) { return wasm_f32x4_add(wasm_f32x4_mul(x, y), z); }
#endif
  static Reg add(Reg x, Reg y) { return wasm_f32x4_add(x, y); }
  static Reg sub(Reg x, Reg y) { return wasm_f32x4_sub(x, y); }
  static Reg mul(Reg x, Reg y) { return wasm_f32x4_mul(x, y); }
  static Reg div(Reg x, Reg y) { return wasm_f32x4_div(x, y); }
  static Reg sqrt(Reg x) { return wasm_f32x4_sqrt(x); }
  static Reg min(Reg limit, Reg x) { return wasm_f32x4_pmin(x, limit); }  // x when either is NaN
  static Reg max(Reg limit, Reg x) { return wasm_f32x4_pmax(x, limit); }
  static Mask less(Reg x, Reg y) { return wasm_f32x4_lt(x, y); }
  static Reg select(Mask m, Reg yes, Reg no) { return wasm_v128_bitselect(yes, no, m); }
  static Reg abs(Reg x) { return wasm_f32x4_abs(x); }
  static Reg sign_of(Reg from, Reg magnitude) { return wasm_v128_bitselect(from, magnitude, wasm_i32x4_splat(INT32_MIN)); }
  static Reg round(Reg x) { return wasm_f32x4_nearest(x); }
  // 2^n for integral n in [-126, 127]: 1.5 * 2^23 + n has n in its low bits, and the rest of it is shifted out.
  static Reg exp2i(Reg n) { return wasm_i32x4_add(wasm_i32x4_shl(wasm_f32x4_add(n, wasm_f32x4_splat(12582912.0f)), 23), wasm_i32x4_splat(127 << 23)); }
};

}  // namespace
}  // namespace verge
