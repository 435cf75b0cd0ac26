// F32: the f32 vector type of 64-bit NEON for the generic.h of every family. Only for *_neon.cc files: the name is local to each.
#include <arm_neon.h>

#include <cstddef>
#include <cstdint>

namespace verge {
namespace {

struct F32 {
  using Reg = float32x4_t;
  using Mask = uint32x4_t;
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
  template <int kLane> static Reg fma_lane(Reg sum, Reg x, Reg lanes) { return vfmaq_laneq_f32(sum, x, lanes, kLane); }
  static Reg add(Reg x, Reg y) { return vaddq_f32(x, y); }
  static Reg sub(Reg x, Reg y) { return vsubq_f32(x, y); }
  static Reg mul(Reg x, Reg y) { return vmulq_f32(x, y); }
  static Reg div(Reg x, Reg y) { return vdivq_f32(x, y); }
  static Reg sqrt(Reg x) { return vsqrtq_f32(x); }
  static Reg min(Reg limit, Reg x) { return vminq_f32(limit, x); }  // NaN when either is
  static Reg max(Reg limit, Reg x) { return vmaxq_f32(limit, x); }
  static Mask less(Reg x, Reg y) { return vcltq_f32(x, y); }
  static Reg select(Mask m, Reg yes, Reg no) { return vbslq_f32(m, yes, no); }
  static Reg abs(Reg x) { return vabsq_f32(x); }
  static Reg sign_of(Reg from, Reg magnitude) { return vbslq_f32(vdupq_n_u32(0x80000000u), from, magnitude); }
  static Reg round(Reg x) { return vrndnq_f32(x); }
  // 2^n for integral n in [-126, 127].
  static Reg exp2i(Reg n) { return vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(vcvtq_s32_f32(n), vdupq_n_s32(127)), 23)); }
};

}  // namespace
}  // namespace verge
