#include "kernels/requant/vector_wasm.h"

#include "kernels/depthwise_i8/generic.h"

namespace verge {
namespace {

// 16 channels; two taps are interleaved, so that a dot product of pairs gives a channel a lane.
struct Lanes {
  static constexpr size_t kChannels = 16;
  struct Wide {
    v128_t low, high;  // int16
  };
  struct None {
    operator v128_t() const { return wasm_i32x4_splat(0); }
    operator Wide() const { return {wasm_i32x4_splat(0), wasm_i32x4_splat(0)}; }
  };
  struct Pair {
    v128_t q[4];
  };
  using Acc = I32x16;

  static v128_t load(const uint8_t* p, size_t n, uint8_t flip) {
    uint8_t last[16] = {};
    if (n < 16) p = static_cast<const uint8_t*>(std::memcpy(last, p, n));
    return wasm_v128_xor(wasm_v128_load(p), wasm_u8x16_splat(flip));
  }
  static None none() { return {}; }
  static Wide weights(const int8_t* w, const int32_t* zero) {
    const Wide wide = {wasm_i16x8_load8x8(w), wasm_i16x8_load8x8(w + 8)};
    if (!zero) return wide;
    const I32x16 z = load16(zero);
    return {wasm_i16x8_sub(wide.low, wasm_i16x8_narrow_i32x4(z.q[0], z.q[1])), wasm_i16x8_sub(wide.high, wasm_i16x8_narrow_i32x4(z.q[2], z.q[3]))};
  }
  static Pair pair(v128_t a, v128_t b) {
    const v128_t low = wasm_i8x16_shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    const v128_t high = wasm_i8x16_shuffle(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    return {{wasm_i16x8_extend_low_i8x16(low), wasm_i16x8_extend_high_i8x16(low), wasm_i16x8_extend_low_i8x16(high), wasm_i16x8_extend_high_i8x16(high)}};
  }
  static Pair pair(const Wide& a, const Wide& b) {
    return {{interleave_low(a.low, b.low), interleave_high(a.low, b.low), interleave_low(a.high, b.high), interleave_high(a.high, b.high)}};
  }
  static Acc zero() { return splat16(0); }
  [[gnu::always_inline]] static Acc add(const Acc& acc, const Pair& x, const Pair& w) {
    return quarters16<I32x16>([&](int i) { return wasm_i32x4_add(acc.q[i], wasm_i32x4_dot_i16x8(x.q[i], w.q[i])); });
  }
  static I32x16 sums(const Acc& acc, int) { return acc; }

 private:
  static v128_t interleave_low(v128_t a, v128_t b) { return wasm_i16x8_shuffle(a, b, 0, 8, 1, 9, 2, 10, 3, 11); }
  static v128_t interleave_high(v128_t a, v128_t b) { return wasm_i16x8_shuffle(a, b, 4, 12, 5, 13, 6, 14, 7, 15); }
};

}  // namespace

void depthwise_i8_wasm(const DepthwiseI8& conv, const DepthwiseI8Pixels& pixels) { run_depthwise<Lanes>(conv, pixels); }

}  // namespace verge
