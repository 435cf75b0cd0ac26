#ifndef VG_TAPS
#define VG_TAPS 1 /* places of taps of the longest row of such a layer */
#endif

/* Depthwise convolution, a pixel at a time and sixteen channels at once, for rows that are short. weights: [channels / 16][kernel_w][kernel_h][16], none of them -128,
 * so that two products fit 16 bits; numbers: [channels / 16][3][16] biases, multipliers, negative shifts, of channels 0 4 8 12 2 6 10 14 1 5 9 13 3 7 11 15. */
typedef struct {
  vg_window window;
  const int8_t *weights;
  const int32_t *numbers;
} vg_lanes_conv;

#if VG_MVE
/* The products in q6 (even channels) and q7 (odd ones) join the sums in q0 to q3. */
#define VG_LANES_ADD                                                                                                       \
  "vmovlb.s16 q4, q6\n vmovlt.s16 q5, q6\n vadd.i32 q0, q0, q4\n vadd.i32 q1, q1, q5\n"                                   \
  "vmovlb.s16 q4, q7\n vmovlt.s16 q5, q7\n vadd.i32 q2, q2, q4\n vadd.i32 q3, q3, q5\n"
#define VG_LANES_SCALE(sum, at, correct)                                                                                   \
  "vldrw.32 q4, [%[numbers], #64+" at "]\n vqrdmulh.s32 " sum ", " sum ", q4\n" correct "vldrw.32 q4, [%[numbers], #128+" at "]\n vrshl.s32 " sum ", " sum ", q4\n"
#define VG_LANES_CORRECT(sum) "vshr.s32 q5, " sum ", #31\n vadd.i32 " sum ", " sum ", q5\n"
#define VG_LANES(c0, c1, c2, c3)                                                                                           \
  __asm volatile("0: mov %[tap], %[taps]\n mov %[v], %[w]\n vldrw.32 q0, [%[numbers]]\n vldrw.32 q1, [%[numbers], #16]\n vldrw.32 q2, [%[numbers], #32]\n vldrw.32 q3, [%[numbers], #48]\n" \
                 "lsr %[x0], %[count], #1\n wls lr, %[x0], 2f\n1: ldrd %[x0], %[x1], [%[tap]], #8\n add %[x0], %[channel]\n vldrb.8 q4, [%[x0]]\n vldrb.8 q5, [%[v]], #16\n" \
                 "vmullb.s8 q6, q4, q5\n add %[x1], %[channel]\n vmullt.s8 q7, q4, q5\n vldrb.8 q4, [%[x1]]\n vldrb.8 q5, [%[v]]\n" \
                 "vmullb.s8 q5, q4, q5\n vadd.i16 q6, q6, q5\n vldrb.8 q5, [%[v]], #16\n vmullt.s8 q5, q4, q5\n vadd.i16 q7, q7, q5\n" VG_LANES_ADD \
                 "le lr, 1b\n2: lsls %[x0], %[count], #31\n beq 3f\n ldr %[x0], [%[tap]]\n add %[x0], %[channel]\n vldrb.8 q4, [%[x0]]\n" \
                 "vldrb.8 q5, [%[v]]\n vmullb.s8 q6, q4, q5\n vmullt.s8 q7, q4, q5\n" VG_LANES_ADD "3:\n"                \
                 VG_LANES_SCALE("q0", "0", c0) VG_LANES_SCALE("q1", "16", c1) "vqmovnb.s32 q0, q0\n vqmovnt.s32 q0, q1\n" \
                 VG_LANES_SCALE("q2", "32", c2) VG_LANES_SCALE("q3", "48", c3) "vqmovnb.s32 q2, q2\n vqmovnt.s32 q2, q3\n" \
                 "ldrd %[x0], %[x1], %[end]\n vqadd.s16 q0, q0, %[x0]\n vqadd.s16 q2, q2, %[x0]\n vqmovnb.s16 q0, q0\n vqmovnt.s16 q0, q2\n"      \
                 "vmsr p0, %[x1]\n ldrd %[x0], %[x1], %[steps]\n vpst\n vstrbt.8 q0, [%[out]]\n add %[taps], %[x0]\n add %[out], %[x1]\n"   \
                 "ldr %[x0], %[left]\n subs %[x0], #1\n str %[x0], %[left]\n bne 0b\n"                                      \
                 : [taps] "+r"(taps), [out] "+r"(out), [left] "+m"(pixels), [tap] "=&r"(tap), [v] "=&r"(v), [x0] "=&r"(x0), [x1] "=&r"(x1)                                        \
                 : [w] "r"(w), [count] "r"(count), [channel] "r"(channel), [numbers] "r"(numbers), [end] "m"(end), [steps] "m"(steps) \
                 : "lr", "q0", "q1", "q2", "q3", "q4", "q5", "q6", "q7", "p0", "cc", "memory")

#endif

/* Up to sixteen channels of a row's pixels, which lie `channel` bytes behind where the taps do; `step` taps from a pixel's to the next one's. */
static inline void vg_lanes_group(const vg_lanes_conv *conv, const int8_t *const *taps, uint32_t step, uint32_t channel, const int8_t *w, const int32_t *numbers, int8_t *out) {
  const uint32_t n = conv->window.in_c, count = (uint32_t)conv->window.kernel_h * conv->window.kernel_w;
  const int32_t zero = conv->window.out_zero;
  uint32_t pixels = conv->window.out_w;
#if VG_MVE
  const uint32_t end[2] = {(uint32_t)zero, vctp8q(n - channel)}, steps[2] = {4 * step, n};
  const int8_t *x0, *x1, *v;
  const int8_t *const *tap;
  if (zero == -128) {
    VG_LANES("", "", "", "");
  } else {
    VG_LANES(VG_LANES_CORRECT("q0"), VG_LANES_CORRECT("q1"), VG_LANES_CORRECT("q2"), VG_LANES_CORRECT("q3"));
  }
#else
  for (; pixels > 0; --pixels, taps += step, out += n)
    for (uint32_t i = 0; i < 16 && i < n - channel; ++i) {
      const int32_t *const k = numbers + (i % 2 * 2 + i / 2 % 2) * 4 + i / 4;
      const uint32_t shift = (uint32_t)-k[32];
      int32_t acc = k[0];
      for (uint32_t t = 0; t < count; ++t) acc += taps[t][channel + i] * w[t * 16 + i];
      out[i] = vg_requantize(acc, (uint32_t)k[16] << 1, shift, vg_offset(zero, shift));
    }
#endif
}

/* `count` places `step` bytes apart into every kernel_h-th of `taps`; where the next one goes. */
static inline const int8_t **vg_put_places(const vg_window *g, const int8_t *from, uint32_t step, int32_t count, const int8_t **taps) {
  for (; count > 0; --count, from += step, taps += g->kernel_h) *taps = from;
  return taps;
}

/* Where the taps of an output row lie, column after column; outside the input at `padding`. */
static inline void vg_find_columns(const vg_window *g, const int8_t *const *rows, int32_t columns, const int8_t *padding, const int8_t **taps) {
  const int32_t behind = columns - g->pad_left, inside = behind < g->in_w ? behind : g->in_w;
  for (uint32_t k = 0; k < g->kernel_h; ++k) {
    const int8_t **to = vg_put_places(g, padding, 0, g->pad_left, taps + k);
    to = vg_put_places(g, rows[k] ? rows[k] : padding, rows[k] ? g->in_c : 0, inside, to);
    vg_put_places(g, padding, 0, behind - inside, to);
  }
}

/* Output rows [first, last); scratch holds a pixel of padding. */
static void vg_lanes_rows(const vg_lanes_conv *conv, const int8_t *in, int8_t *out, void *scratch, uint32_t first, uint32_t last) {
  const vg_window *const g = &conv->window;
  const int8_t *rows[VG_KERNEL_H], *taps[VG_TAPS];
  const uint32_t step = (uint32_t)g->stride_w * g->kernel_h;
  const int32_t columns = (g->out_w - 1) * g->stride_w + g->kernel_w;
  vg_fill((int8_t *)scratch, g->in_zero, g->in_c);
  for (; first < last; ++first) {
    vg_input_rows(g, in, first, rows);
    vg_find_columns(g, rows, columns, (const int8_t *)scratch, taps);
    for (uint32_t c = 0; c < g->in_c; c += 16)
      vg_lanes_group(conv, taps, step, c, conv->weights + c * g->kernel_h * g->kernel_w, conv->numbers + c * 3, vg_output_row(g, out, first) + c);
  }
}
