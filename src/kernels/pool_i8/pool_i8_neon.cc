#include "kernels/requant/vector_neon.h"

#include "kernels/pool_i8/generic.h"

namespace verge {
namespace {

struct Bytes {
  using Reg = int8x16_t;
  struct Sums {
    int16x8_t low, high;
  };

  static Reg load(const uint8_t* p, size_t n) {
    uint8_t last[16] = {};
    if (n < 16) p = static_cast<const uint8_t*>(std::memcpy(last, p, n));
    return vreinterpretq_s8_u8(vld1q_u8(p));
  }
  static Reg flip(Reg x, uint8_t byte) { return veorq_s8(x, vdupq_n_s8(static_cast<int8_t>(byte))); }
  static Reg max(Reg x, Reg y) { return vmaxq_s8(x, y); }
  static void store(uint8_t* p, Reg x, size_t n) {
    if (n >= 16) return vst1q_u8(p, vreinterpretq_u8_s8(x));
    uint8_t last[16];
    vst1q_u8(last, vreinterpretq_u8_s8(x));
    std::memcpy(p, last, n);
  }
  static Sums none() { return {vdupq_n_s16(0), vdupq_n_s16(0)}; }
  static Sums add(Sums s, Reg x) { return {vaddw_s8(s.low, vget_low_s8(x)), vaddw_high_s8(s.high, x)}; }
  static I32x16 widen(Sums s) { return {{vmovl_s16(vget_low_s16(s.low)), vmovl_high_s16(s.low), vmovl_s16(vget_low_s16(s.high)), vmovl_high_s16(s.high)}}; }
};

}  // namespace

void sum_bytes_i8_neon(size_t rows, const void* const* x, size_t n, uint8_t flip, int32_t* sums) { sum_bytes<Bytes>(rows, x, n, flip, sums); }
void max_bytes_i8_neon(size_t rows, const void* const* x, size_t n, uint8_t flip, uint8_t* y) { max_bytes<Bytes>(rows, x, n, flip, y); }

}  // namespace verge
