/* Products of pairs. A word of weights holds two values of two channels, bytes a0 b0 a1 b1, so that halves read as 16 bits are 256 b + a: one word gives
 * the sum of a by its low bytes and that of 256 b + a as it is. b0 and b1 are stored with the carry of a negative a taken off. */
static inline uint32_t vg_load(const void *p) {
  uint32_t x;
  memcpy(&x, p, sizeof x);
  return x;
}

/* Two words from *p, which moves on. */
static inline void vg_take_two(const uint32_t **p, uint32_t *x, uint32_t *y) {
#if VG_DSP
  __asm("ldrd %0, %1, [%2], #8" : "=&r"(*x), "=&r"(*y), "+&r"(*p));
#else
  *x = (*p)[0], *y = (*p)[1], *p += 2;
#endif
}

/* Bytes 0 and 2, or 1 and 3, as two signed halves. */
static inline uint32_t vg_even(uint32_t x) {
#if VG_DSP
  __asm("sxtb16 %0, %1" : "=r"(x) : "r"(x));
  return x;
#else
  return ((uint32_t)(int32_t)(int8_t)x & 0xffffu) | (uint32_t)(int32_t)(int8_t)(x >> 16) << 16;
#endif
}

static inline uint32_t vg_odd(uint32_t x) {
#if VG_DSP
  uint32_t y;
  __asm("sxtb16 %0, %1, ror #8" : "=r"(y) : "r"(x));
  return y;
#else
  return vg_even(x >> 8);
#endif
}

static inline uint32_t vg_pack(int32_t low, int32_t high) {
#if VG_DSP
  uint32_t y;
  __asm("pkhbt %0, %1, %2, lsl #16" : "=r"(y) : "r"(low), "r"(high));
  return y;
#else
  return ((uint32_t)low & 0xffffu) | (uint32_t)high << 16;
#endif
}

/* sum + products of low (b) and high (t) halves of x and y. */
#if VG_DSP
#define VG_PRODUCT(name, instruction, expression)                                             \
  static inline int32_t name(uint32_t x, uint32_t y, int32_t sum) {                            \
    __asm(instruction " %0, %1, %2, %0" : "+r"(sum) : "r"(x), "r"(y));                         \
    return sum;                                                                                \
  }
#else
#define VG_B(x) ((int32_t)(int16_t)(x))
#define VG_T(x) ((int32_t)(int16_t)((x) >> 16))
#define VG_PRODUCT(name, instruction, expression) \
  static inline int32_t name(uint32_t x, uint32_t y, int32_t sum) { return (int32_t)((uint32_t)sum + (uint32_t)(expression)); }
#endif
VG_PRODUCT(vg_dual, "smlad", VG_B(x) * VG_B(y) + VG_T(x) * VG_T(y))
VG_PRODUCT(vg_bb, "smlabb", VG_B(x) * VG_B(y))
VG_PRODUCT(vg_bt, "smlabt", VG_B(x) * VG_T(y))
VG_PRODUCT(vg_tb, "smlatb", VG_T(x) * VG_B(y))
VG_PRODUCT(vg_tt, "smlatt", VG_T(x) * VG_T(y))

/* The second channel's sum out of both. */
static inline int32_t vg_second(int32_t a, int32_t b) { return (int32_t)((uint32_t)b - (uint32_t)a) >> 8; }

/* Four sums of one channel become outputs. */
#if VG_DSP
#define VG_REQUANTIZE4(a, b, c, d, m, shift, offset)                                                                                 \
  do {                                                                                                                               \
    uint32_t vg_t;                                                                                                                   \
    __asm("add %[t], %[x0], %[x0], asr #31\n add %[t], %[o]\n smmlar %[x0], %[x0], %[f], %[t]\n asr %[x0], %[s]\n ssat %[x0], #8, %[x0]\n" \
          "add %[t], %[x1], %[x1], asr #31\n add %[t], %[o]\n smmlar %[x1], %[x1], %[f], %[t]\n asr %[x1], %[s]\n ssat %[x1], #8, %[x1]\n" \
          "add %[t], %[x2], %[x2], asr #31\n add %[t], %[o]\n smmlar %[x2], %[x2], %[f], %[t]\n asr %[x2], %[s]\n ssat %[x2], #8, %[x2]\n" \
          "add %[t], %[x3], %[x3], asr #31\n add %[t], %[o]\n smmlar %[x3], %[x3], %[f], %[t]\n asr %[x3], %[s]\n ssat %[x3], #8, %[x3]\n" \
          : [x0] "+r"(a), [x1] "+r"(b), [x2] "+r"(c), [x3] "+r"(d), [t] "=&r"(vg_t)                                                   \
          : [f] "r"(m), [s] "r"(shift), [o] "r"(offset));                                                                            \
  } while (0)
#else
#define VG_REQUANTIZE4(a, b, c, d, m, shift, offset)                                            \
  a = vg_requantize(a, m, shift, offset), b = vg_requantize(b, m, shift, offset),               \
  c = vg_requantize(c, m, shift, offset), d = vg_requantize(d, m, shift, offset)
#endif
