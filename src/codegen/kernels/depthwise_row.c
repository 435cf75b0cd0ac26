/* Depthwise convolution, a pixel at a time and four channels at once, for rows that come one by one. weights: [out_c / 4][kernel_h * kernel_w][2] words of
 * halves, channels 0 and 2, then 1 and 3; channels: multiplier, bias * 32 + shift of each, out_c rounded up to 4. */
typedef struct {
  vg_window window;
  const uint32_t *weights;
  const uint32_t *channels;
} vg_depthwise;

/* Sums of up to four channels to bytes. twice: 2 * zero point + 1. */
#if VG_DSP
#define VG_ONE_OF_FOUR(x, bias)                                                                                                  \
  "ldrd %[m], %[s], [%[k]], #8\n and %[s], #31\n lsl %[o], %[z], %[s]\n" bias "smmlar %[" x "], %[" x "], %[m], %[t]\n"            \
  "asr %[" x "], %[s]\n ssat %[" x "], #8, %[" x "]\n strb %[" x "], [%[to]], #1\n"
#define VG_ROUNDED(x) VG_ONE_OF_FOUR(x, "add %[t], %[" x "], %[" x "], asr #31\n add %[t], %[t], %[o], asr #1\n")
#define VG_POSITIVE(x) VG_ONE_OF_FOUR(x, "add %[t], %[" x "], %[o], asr #1\n") /* what is negative becomes -128 in any case */
#define VG_FOUR(one)                                                                                                             \
  __asm volatile(one("a") one("b") one("c") one("d")                                                                             \
                 : [a] "+r"(s0), [b] "+r"(s1), [c] "+r"(s2), [d] "+r"(s3), [k] "+r"(channel), [to] "+r"(to), [m] "=&r"(m),       \
                   [s] "=&r"(shift), [t] "=&r"(t), [o] "=&r"(o)                                                                  \
                 : [z] "r"(twice)                                                                                                \
                 : "memory")
#endif
static inline void vg_put_four(int32_t s0, int32_t s1, int32_t s2, int32_t s3, const uint32_t *channel, int32_t twice, uint32_t count, int8_t *to) {
#if VG_DSP
  uint32_t m, shift, t, o;
  if (count >= 4 && twice == -255) {
    VG_FOUR(VG_POSITIVE);
    return;
  }
  if (count >= 4) {
    VG_FOUR(VG_ROUNDED);
    return;
  }
#endif
  const int32_t sums[4] = {s0, s1, s2, s3};
  for (uint32_t i = 0; i < 4 && i < count; ++i, channel += 2) {
    const uint32_t shift = channel[1] & 31u;
    to[i] = vg_requantize(sums[i], channel[0], shift, (int32_t)((uint32_t)twice << shift) >> 1);
  }
}

static VG_NOINLINE void vg_depthwise_pixel(const vg_depthwise *conv, const int8_t *const *taps, int8_t *out) {
  const uint32_t n = conv->window.in_c, count = (uint32_t)conv->window.kernel_h * conv->window.kernel_w;
  const uint32_t *w = conv->weights, *channel = conv->channels;
  const int32_t twice = 2 * conv->window.out_zero + 1;
  const int8_t *const *const end = taps + count, *const *const threes = taps + count / 3 * 3;
  for (uint32_t c = 0; c < n; c += 4, channel += 8) {
    int32_t s0 = (int32_t)channel[1] >> 5, s1 = (int32_t)channel[3] >> 5, s2 = (int32_t)channel[5] >> 5, s3 = (int32_t)channel[7] >> 5;
    const int8_t *const *t = taps;
#define VG_TAP                                                                       \
  do {                                                                               \
    const uint32_t x = vg_load(*t++ + c), x02 = vg_even(x), x13 = vg_odd(x);         \
    uint32_t w02, w13;                                                               \
    vg_take_two(&w, &w02, &w13);                                                     \
    s0 = vg_bb(x02, w02, s0), s2 = vg_tt(x02, w02, s2);                              \
    s1 = vg_bb(x13, w13, s1), s3 = vg_tt(x13, w13, s3);                              \
  } while (0)
    while (t < threes) {
      VG_TAP;
      VG_TAP;
      VG_TAP;
    }
    while (t < end) VG_TAP;
#undef VG_TAP
    vg_put_four(s0, s1, s2, s3, channel, twice, n - c, out + c);
  }
}

/* Output rows [first, last); scratch holds a pixel of padding. */
static void vg_depthwise_rows(const vg_depthwise *conv, const int8_t *in, int8_t *out, void *scratch, uint32_t first, uint32_t last) {
  const vg_window *const g = &conv->window;
  const int8_t *rows[VG_KERNEL_H], *taps[VG_TAPS];
  memset(scratch, g->in_zero, g->in_c);
  for (uint32_t y = first; y < last; ++y) {
    int8_t *to = vg_output_row(g, out, y);
    int32_t left = -(int32_t)g->pad_left;
    vg_input_rows(g, in, y, rows);
    for (uint32_t x = 0; x < g->out_w; ++x, to += g->out_c, left += g->stride_w) {
      vg_find_taps(g, rows, left, (const int8_t *)scratch, taps);
      vg_depthwise_pixel(conv, taps, to);
    }
  }
}
