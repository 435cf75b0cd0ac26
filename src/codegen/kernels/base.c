/* Arithmetic of the integer contract: accumulators become int8 by a doubling high multiply and a rounding shift. */
#if defined(__GNUC__) && defined(__ARM_FEATURE_DSP) && defined(__OPTIMIZE__)
#define VG_DSP 1
#else
#define VG_DSP 0
#endif
#if VG_DSP && !defined(__clang__)
#pragma GCC optimize("no-schedule-insns") /* sums fill the registers: what moves before them is spilled */
#endif
#if defined(__GNUC__)
#define VG_NOINLINE __attribute__((noinline))
#else
#define VG_NOINLINE
#endif

/* sum + (x * m + 2^31) / 2^32, m being twice the multiplier less 2^32 when sum holds x. */
static inline int32_t vg_high_multiply_add(int32_t x, uint32_t m, int32_t sum) {
#if VG_DSP
  int32_t y;
  __asm("smmlar %0, %1, %2, %3" : "=r"(y) : "r"(x), "r"(m), "r"(sum));
  return y;
#else
  const int64_t product = (int64_t)x * (int32_t)m + 0x80000000LL;
  return (int32_t)((uint32_t)sum + (uint32_t)(int32_t)(product >> 32));
#endif
}

static inline int8_t vg_saturate(int32_t x) {
#if VG_DSP
  __asm("ssat %0, #8, %1" : "=r"(x) : "r"(x));
  return (int8_t)x;
#else
  const int32_t above = 127 - x, bounded = x + (above & above >> 31), below = -128 - bounded; /* no branches: the same work for every x */
  return (int8_t)(bounded + (below & ~(below >> 31)));
#endif
}

/* What follows the decimal point of a rounding shift to the right by `shift` >= 1, and the output's zero point before that shift. */
static inline int32_t vg_offset(int32_t zero_point, uint32_t shift) {
  return (int32_t)((uint32_t)(2 * zero_point + 1) << shift) >> 1;
}

/* round(acc * multiplier / 2^shift) + zero point, the latter two in `offset`. */
static inline int8_t vg_requantize(int32_t acc, uint32_t m, uint32_t shift, int32_t offset) {
  return vg_saturate(vg_high_multiply_add(acc, m, acc + (acc >> 31) + offset) >> shift);
}
