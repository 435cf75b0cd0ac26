#include "kernels/requant/vector_neon.h"

#include "kernels/depthwise_i8/generic.h"

namespace verge {
namespace {

// 16 channels; two taps lie beside each other and are added one after the other.
struct Lanes {
  static constexpr size_t kChannels = 16;
  struct Wide {
    int16x8_t low, high;
  };
  struct Pair {
    Wide a, b;
  };
  using Acc = I32x16;

  static Wide widen(int8x16_t x) { return {vmovl_s8(vget_low_s8(x)), vmovl_high_s8(x)}; }
  static Wide load(const uint8_t* p, size_t n, uint8_t flip) {
    uint8_t last[16] = {};
    if (n < 16) p = static_cast<const uint8_t*>(std::memcpy(last, p, n));
    return widen(vreinterpretq_s8_u8(veorq_u8(vld1q_u8(p), vdupq_n_u8(flip))));
  }
  static Wide none() { return {vdupq_n_s16(0), vdupq_n_s16(0)}; }
  static Wide weights(const int8_t* w, const int32_t* zero) {
    const Wide wide = widen(vld1q_s8(w));
    if (!zero) return wide;
    const I32x16 z = load16(zero);
    return {vsubq_s16(wide.low, vcombine_s16(vmovn_s32(z.q[0]), vmovn_s32(z.q[1]))), vsubq_s16(wide.high, vcombine_s16(vmovn_s32(z.q[2]), vmovn_s32(z.q[3])))};
  }
  static Pair pair(const Wide& a, const Wide& b) { return {a, b}; }
  static Acc zero() { return splat16(0); }
  static Acc add_tap(const Acc& acc, const Wide& x, const Wide& w) {
    return {{vmlal_s16(acc.q[0], vget_low_s16(x.low), vget_low_s16(w.low)), vmlal_high_s16(acc.q[1], x.low, w.low),
             vmlal_s16(acc.q[2], vget_low_s16(x.high), vget_low_s16(w.high)), vmlal_high_s16(acc.q[3], x.high, w.high)}};
  }
  static Acc add(const Acc& acc, const Pair& x, const Pair& w) { return add_tap(add_tap(acc, x.a, w.a), x.b, w.b); }
  static I32x16 sums(const Acc& acc, int) { return acc; }
};

// The same for weights of which none is -128 and no zero point is taken: two products of bytes, at most 2 * 128 * 127, are added in 16 bits.
struct Bytes {
  static constexpr size_t kChannels = 16;
  using Wide = int8x16_t;
  struct Pair {
    Wide a, b;
  };
  using Acc = I32x16;

  static Wide load(const uint8_t* p, size_t n, uint8_t flip) {
    uint8_t last[16] = {};
    if (n < 16) p = static_cast<const uint8_t*>(std::memcpy(last, p, n));
    return vreinterpretq_s8_u8(veorq_u8(vld1q_u8(p), vdupq_n_u8(flip)));
  }
  static Wide none() { return vdupq_n_s8(0); }
  static Wide weights(const int8_t* w, const int32_t*) { return vld1q_s8(w); }
  static Pair pair(Wide a, Wide b) { return {a, b}; }
  static Acc zero() { return splat16(0); }
  static Acc add(const Acc& acc, const Pair& x, const Pair& w) {
    const int16x8_t low = vmlal_s8(vmull_s8(vget_low_s8(x.a), vget_low_s8(w.a)), vget_low_s8(x.b), vget_low_s8(w.b));
    const int16x8_t high = vmlal_high_s8(vmull_high_s8(x.a, w.a), x.b, w.b);
    return {{vaddw_s16(acc.q[0], vget_low_s16(low)), vaddw_high_s16(acc.q[1], low), vaddw_s16(acc.q[2], vget_low_s16(high)), vaddw_high_s16(acc.q[3], high)}};
  }
  static I32x16 sums(const Acc& acc, int) { return acc; }
};

bool suits_bytes(const DepthwiseI8& conv) {
  if (conv.weight_zero_point) return false;
  const size_t n = conv.geometry.taps() * round_up_columns(static_cast<size_t>(conv.geometry.out_c));
  int8x16_t least = vdupq_n_s8(0);
  for (size_t i = 0; i < n; i += 16) least = vminq_s8(least, vld1q_s8(conv.weights + i));
  return vminvq_s8(least) > -128;
}

}  // namespace

void depthwise_i8_neon(const DepthwiseI8& conv, const DepthwiseI8Pixels& pixels) {
  (suits_bytes(conv) ? run_depthwise<Bytes> : run_depthwise<Lanes>)(conv, pixels);
}

}  // namespace verge
