// F32: the f32 vector type of 32-bit NEON with VFPv4 for generic.h of the families that need no division, root or exponential. Only for *_neon32.cc
// files: the name is local to each.
#include <arm_neon.h>

#include <cstddef>
#include <cstdint>

namespace verge {
namespace {

struct F32 {
  using Reg = float32x4_t;
  static constexpr int kWidth = 4;

  static Reg load(const float* p) { return vld1q_f32(p); }
  static Reg load_first(const float* p, size_t n) {  // n < kWidth, zeros after
    float padded[4] = {};
    for (size_t i = 0; i < n; ++i) padded[i] = p[i];
    return vld1q_f32(padded);
  }
  static void store(float* p, Reg v) { vst1q_f32(p, v); }
  static void store_first(float* p, Reg v, size_t n) {
    float all[4];
    vst1q_f32(all, v);
    for (size_t i = 0; i < n; ++i) p[i] = all[i];
  }
  static Reg set1(float x) { return vdupq_n_f32(x); }
  static Reg fma(Reg x, Reg y, Reg z) { return vfmaq_f32(z, x, y); }  // x * y + z
  static Reg add(Reg x, Reg y) { return vaddq_f32(x, y); }
  static Reg sub(Reg x, Reg y) { return vsubq_f32(x, y); }
  static Reg mul(Reg x, Reg y) { return vmulq_f32(x, y); }
  static Reg min(Reg limit, Reg x) { return vminq_f32(limit, x); }  // NaN when either is
  static Reg max(Reg limit, Reg x) { return vmaxq_f32(limit, x); }
};

}  // namespace
}  // namespace verge
