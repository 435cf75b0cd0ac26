/* Vectors of 128 bits (Helium); the same results in plain C where there are none. */
#if defined(__ARM_FEATURE_MVE) && (__ARM_FEATURE_MVE & 1) && defined(__OPTIMIZE__)
#define VG_MVE 1
#include <arm_mve.h>

/* round(acc * multiplier / 2^-shift), shifts negative. Halves go away from zero; with `positive` they go up, where what is negative is cut off in any case. */
static inline int32x4_t vg_scale4(int32x4_t acc, int32x4_t multiplier, int32x4_t shift, int positive) {
  int32x4_t y = vqrdmulhq_s32(acc, multiplier);
  if (!positive) y = vaddq_s32(y, vshrq_n_s32(y, 31));
  return vrshlq_s32(y, shift);
}

static inline int32x4_t vg_lanes(int32_t a, int32_t b, int32_t c, int32_t d) {
  int32x4_t v;
  __asm("vmov %q0[2], %q0[0], %1, %3\n vmov %q0[3], %q0[1], %2, %4" : "=&w"(v) : "r"(a), "r"(b), "r"(c), "r"(d));
  return v;
}

/* The lowest byte of each lane: the sum with the output's zero point, saturated. */
static inline int32x4_t vg_to_bytes(int32x4_t y, int32_t zero) {
  y = vaddq_n_s32(y, zero);
  const int16x8_t t = vqmovnbq_s32(vreinterpretq_s16_s32(y), y);
  return vreinterpretq_s32_s8(vqmovnbq_s16(vreinterpretq_s8_s16(t), t));
}

static inline void vg_store4(int8_t *out, int32x4_t y, uint32_t count) {
  if (count >= 4) {
    vstrbq_s32(out, y);
  } else {
    vstrbq_p_s32(out, y, vctp32q(count));
  }
}
#else
#define VG_MVE 0
#endif

/* out[0..count) of four sums, count at most 4; numbers: biases, multipliers, negative shifts of the four. */
static inline void vg_put4(const int32_t *sums, const int32_t *numbers, int32_t zero, uint32_t count, int8_t *out) {
  for (uint32_t i = 0; i < 4 && i < count; ++i) {
    const uint32_t shift = (uint32_t)-numbers[8 + i];
    out[i] = vg_requantize(sums[i] + numbers[i], (uint32_t)numbers[4 + i] << 1, shift, vg_offset(zero, shift));
  }
}

/* sums[0..3] += products of x with four rows of weights that alternate every 16 bytes. */
static inline void vg_dot4(const int8_t *x, const int8_t *w, uint32_t count, int32_t *sums) {
  for (const int8_t *const end = x + count; x < end; x += 16)
    for (uint32_t i = 0; i < 4; ++i, w += 16)
      for (uint32_t k = 0; k < 16; ++k) sums[i] += x[k] * w[k];
}

static inline void vg_copy(int8_t *to, const int8_t *from, uint32_t count) {
#if VG_MVE
  __asm volatile("wlstp.8 lr, %[n], 2f\n1: vldrb.8 q0, [%[from]], #16\n vstrb.8 q0, [%[to]], #16\n letp lr, 1b\n2:\n"
                 : [to] "+r"(to), [from] "+r"(from)
                 : [n] "r"(count)
                 : "lr", "q0", "memory");
#else
  memcpy(to, from, count);
#endif
}

static inline void vg_fill(int8_t *to, int8_t value, uint32_t count) {
#if VG_MVE
  __asm volatile("vdup.8 q0, %[v]\n wlstp.8 lr, %[n], 2f\n1: vstrb.8 q0, [%[to]], #16\n letp lr, 1b\n2:\n"
                 : [to] "+r"(to)
                 : [n] "r"(count), [v] "r"(value)
                 : "lr", "q0", "memory");
#else
  memset(to, value, count);
#endif
}
