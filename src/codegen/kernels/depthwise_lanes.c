/* Depthwise convolution, a pixel at a time and sixteen channels at once, for rows that are short. weights: [channels / 16][kernel_h * kernel_w][16], none of them -128,
 * so that two products fit 16 bits; numbers: [channels / 16][3][16] biases, multipliers, negative shifts, of channels 0 4 8 12 2 6 10 14 1 5 9 13 3 7 11 15. */
typedef struct {
  vg_window window;
  const int8_t *weights;
  const int32_t *numbers;
} vg_lanes_conv;

#if VG_MVE
#define VG_LANES_ADD(even, odd)                                                                           \
  a = vaddq_s32(a, vmovlbq_s16(even)), b = vaddq_s32(b, vmovltq_s16(even)), c = vaddq_s32(c, vmovlbq_s16(odd)), d = vaddq_s32(d, vmovltq_s16(odd))

/* Up to sixteen channels, which lie `channel` bytes behind where the taps do. */
static inline __attribute__((always_inline)) void vg_lanes_group(const int8_t *const *taps, uint32_t count, uint32_t channel, const int8_t *w, const int32_t *numbers, int32_t zero, int positive,
                                                                 mve_pred16_t lanes, int8_t *out) {
  int32x4_t a = vldrwq_s32(numbers), b = vldrwq_s32(numbers + 4), c = vldrwq_s32(numbers + 8), d = vldrwq_s32(numbers + 12);
  const int8_t *x0, *x1;
  if (count > 1)
    __asm volatile("dls lr, %[pairs]\n1: ldrd %[x0], %[x1], [%[taps]], #8\n add %[x0], %[channel]\n vldrb.8 q4, [%[x0]]\n vldrb.8 q5, [%[w]], #16\n"
                   "vmullb.s8 q6, q4, q5\n add %[x1], %[channel]\n vmullt.s8 q7, q4, q5\n vldrb.8 q4, [%[x1]]\n vldrb.8 q5, [%[w]]\n"
                   "vmullb.s8 q5, q4, q5\n vadd.i16 q6, q6, q5\n vldrb.8 q5, [%[w]], #16\n vmullt.s8 q5, q4, q5\n vadd.i16 q7, q7, q5\n"
                   "vmovlb.s16 q4, q6\n vmovlt.s16 q5, q6\n vadd.i32 %q[a], %q[a], q4\n vadd.i32 %q[b], %q[b], q5\n"
                   "vmovlb.s16 q4, q7\n vmovlt.s16 q5, q7\n vadd.i32 %q[c], %q[c], q4\n vadd.i32 %q[d], %q[d], q5\n le lr, 1b\n"
                   : [a] "+w"(a), [b] "+w"(b), [c] "+w"(c), [d] "+w"(d), [taps] "+r"(taps), [w] "+r"(w), [x0] "=&r"(x0), [x1] "=&r"(x1)
                   : [pairs] "r"(count / 2), [channel] "r"(channel)
                   : "lr", "q4", "q5", "q6", "q7", "memory");
  if (count % 2) {
    const int8x16_t x = vldrbq_s8(taps[0] + channel), last = vldrbq_s8(w);
    const int16x8_t even = vmullbq_int_s8(x, last), odd = vmulltq_int_s8(x, last);
    VG_LANES_ADD(even, odd);
  }
  a = vg_scale4(a, vldrwq_s32(numbers + 16), vldrwq_s32(numbers + 32), positive), b = vg_scale4(b, vldrwq_s32(numbers + 20), vldrwq_s32(numbers + 36), positive);
  int16x8_t evens = vqmovntq_s32(vqmovnbq_s32(vuninitializedq_s16(), a), b);
  c = vg_scale4(c, vldrwq_s32(numbers + 24), vldrwq_s32(numbers + 40), positive), d = vg_scale4(d, vldrwq_s32(numbers + 28), vldrwq_s32(numbers + 44), positive);
  int16x8_t odds = vqmovntq_s32(vqmovnbq_s32(vuninitializedq_s16(), c), d);
  evens = vqaddq_n_s16(evens, (int16_t)zero), odds = vqaddq_n_s16(odds, (int16_t)zero);
  vstrbq_p_s8(out, vqmovntq_s16(vqmovnbq_s16(vuninitializedq_s8(), evens), odds), lanes);
}
#else
static void vg_lanes_group(const int8_t *const *taps, uint32_t count, uint32_t channel, const int8_t *w, const int32_t *numbers, int32_t zero, uint32_t channels, int8_t *out) {
  for (uint32_t i = 0; i < 16 && i < channels; ++i) {
    const int32_t *const n = numbers + (i % 2 * 2 + i / 2 % 2) * 4 + i / 4;
    const uint32_t shift = (uint32_t)-n[32];
    int32_t acc = n[0];
    for (uint32_t t = 0; t < count; ++t) acc += taps[t][channel + i] * w[t * 16 + i];
    out[i] = vg_requantize(acc, (uint32_t)n[16] << 1, shift, vg_offset(zero, shift));
  }
}
#endif

static VG_NOINLINE void vg_lanes_pixel(const vg_lanes_conv *conv, const int8_t *const *taps, int8_t *out) {
  const uint32_t n = conv->window.in_c, count = (uint32_t)conv->window.kernel_h * conv->window.kernel_w;
  const int32_t zero = conv->window.out_zero;
  const int8_t *w = conv->weights;
  const int32_t *numbers = conv->numbers;
  for (uint32_t c = 0; c < n; c += 16, w += 16 * count, numbers += 48) {
#if VG_MVE
    const mve_pred16_t lanes = vctp8q(n - c);
    if (zero == -128) {
      vg_lanes_group(taps, count, c, w, numbers, zero, 1, lanes, out + c);
    } else {
      vg_lanes_group(taps, count, c, w, numbers, zero, 0, lanes, out + c);
    }
#else
    vg_lanes_group(taps, count, c, w, numbers, zero, n - c, out + c);
#endif
  }
}

/* Output rows [first, last); scratch holds a pixel of padding. */
static void vg_lanes_rows(const vg_lanes_conv *conv, const int8_t *in, int8_t *out, void *scratch, uint32_t first, uint32_t last) {
  const vg_window *const g = &conv->window;
  const int8_t *rows[VG_KERNEL_H], *taps[VG_TAPS];
  vg_fill((int8_t *)scratch, g->in_zero, g->in_c);
  for (uint32_t y = first; y < last; ++y) {
    int8_t *to = vg_output_row(g, out, y);
    int32_t left = -(int32_t)g->pad_left;
    vg_input_rows(g, in, y, rows);
    for (uint32_t x = 0; x < g->out_w; ++x, to += g->out_c, left += g->stride_w) {
      vg_find_taps(g, rows, left, (const int8_t *)scratch, taps);
      vg_lanes_pixel(conv, taps, to);
    }
  }
}
