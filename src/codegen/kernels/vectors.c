/* Vectors of 128 bits (Helium); the same results in plain C where there are none. */
#if defined(__ARM_FEATURE_MVE) && (__ARM_FEATURE_MVE & 1)
#define VG_MVE 1
#include <arm_mve.h>

/* Four sums become outputs; shifts are negative. */
static inline int32x4_t vg_requantize4(int32x4_t acc, int32x4_t multiplier, int32x4_t shift, int32_t zero) {
  int32x4_t y = vqrdmulhq_s32(acc, multiplier);
  y = vqaddq_s32(y, vshrq_n_s32(vandq_s32(y, shift), 31)); /* halves away from zero */
  y = vaddq_n_s32(vrshlq_s32(y, shift), zero);
  return vminq_s32(vmaxq_s32(y, vdupq_n_s32(-128)), vdupq_n_s32(127));
}

static inline int32x4_t vg_lanes(int32_t a, int32_t b, int32_t c, int32_t d) {
  int32x4_t v;
  __asm("vmov %q0[2], %q0[0], %1, %3\n vmov %q0[3], %q0[1], %2, %4" : "=&w"(v) : "r"(a), "r"(b), "r"(c), "r"(d));
  return v;
}
#else
#define VG_MVE 0
#endif

/* sums[0..3] = products of x with four rows of weights that alternate every 16 bytes; count is a multiple of 16. Returns what follows the weights. */
static inline const int8_t *vg_dot4(const int8_t *x, const int8_t *w, uint32_t count, int32_t *sums) {
#if VG_MVE
  int32_t a = 0, b = 0, c = 0, d = 0;
  uint32_t n = count / 16;
  __asm volatile("wls lr, %[n], 2f\n"
                 "1: vldrb.8 q0, [%[x]], #16\n vldrb.8 q1, [%[w]], #16\n vldrb.8 q2, [%[w]], #16\n vmladava.s8 %[a], q0, q1\n vldrb.8 q1, [%[w]], #16\n"
                 "vmladava.s8 %[b], q0, q2\n vldrb.8 q2, [%[w]], #16\n vmladava.s8 %[c], q0, q1\n vmladava.s8 %[d], q0, q2\n le lr, 1b\n"
                 "2:\n"
                 : [a] "+Te"(a), [b] "+Te"(b), [c] "+Te"(c), [d] "+Te"(d), [x] "+r"(x), [w] "+r"(w)
                 : [n] "r"(n)
                 : "lr", "q0", "q1", "q2", "memory");
  sums[0] = a, sums[1] = b, sums[2] = c, sums[3] = d;
#else
  sums[0] = sums[1] = sums[2] = sums[3] = 0;
  for (const int8_t *const end = x + count; x < end; x += 16)
    for (uint32_t i = 0; i < 4; ++i, w += 16)
      for (uint32_t k = 0; k < 16; ++k) sums[i] += x[k] * w[k];
#endif
  return w;
}

/* out[0..count) of the four sums, count at most 4; numbers: biases, multipliers, negative shifts of the four. */
static inline void vg_store4(const int32_t *sums, const int32_t *numbers, int32_t zero, uint32_t count, int8_t *out) {
#if VG_MVE
  const int32x4_t acc = vaddq_s32(vg_lanes(sums[0], sums[1], sums[2], sums[3]), vldrwq_s32(numbers));
  const int32x4_t y = vg_requantize4(acc, vldrwq_s32(numbers + 4), vldrwq_s32(numbers + 8), zero);
  if (count >= 4) {
    vstrbq_s32(out, y);
  } else {
    vstrbq_p_s32(out, y, vctp32q(count));
  }
#else
  for (uint32_t i = 0; i < 4 && i < count; ++i) {
    const uint32_t shift = (uint32_t)-numbers[8 + i];
    out[i] = vg_requantize(sums[i] + numbers[i], (uint32_t)numbers[4 + i] << 1, shift, vg_offset(zero, shift));
  }
#endif
}

static inline void vg_copy(int8_t *to, const int8_t *from, uint32_t count) {
#if VG_MVE
  int32_t left = (int32_t)count;
  for (; left >= 16; left -= 16, from += 16, to += 16) vstrbq_s8(to, vldrbq_s8(from));
  if (left > 0) {
    const mve_pred16_t p = vctp8q((uint32_t)left);
    vstrbq_p_s8(to, vldrbq_z_s8(from, p), p);
  }
#else
  memcpy(to, from, count);
#endif
}
