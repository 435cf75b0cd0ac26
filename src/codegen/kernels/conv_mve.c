/* Convolution: two pixels times four channels at a time. weights: [out_c / 4][depth / 16][4][16]; numbers: [out_c / 4][3][4] biases, multipliers, negative
 * shifts. `depth` is a window's bytes rounded up to 16. */
#ifndef VG_ODD
#define VG_ODD 0 /* 1: some rows have an odd number of pixels */
#endif
typedef struct {
  vg_window window;
  uint16_t depth;
  uint16_t strip;         /* bytes of a row of the input with its padding, where windows are gathered from such rows */
  const uint16_t *places; /* of a window's bytes in such rows */
  const int8_t *weights;
  const int32_t *numbers;
} vg_conv;

#if VG_MVE
typedef struct {
  const int8_t *windows[2];
  int8_t *to[2];
  uint32_t steps; /* of 16 bytes: half of them, rounded up; the highest bit of an odd number */
  int32_t zero, left;
  uint32_t loads[2]; /* of a window; bytes of four channels' weights */
} vg_pair;

#define VG_STEP                                                                                                    \
  "vldrb.8 q0, [%[x0]], #16\n vldrb.8 q2, [%[w]], #16\n vldrb.8 q1, [%[x1]], #16\n"                                \
  "vmladava.s8 r0, q0, q2\n vldrb.8 q3, [%[w]], #16\n vmladava.s8 r8, q1, q2\n"                                    \
  "vmladava.s8 r2, q0, q3\n vldrb.8 q2, [%[w]], #16\n vmladava.s8 r10, q1, q3\n"                                   \
  "vmladava.s8 r4, q0, q2\n vldrb.8 q3, [%[w]], #16\n vmladava.s8 r12, q1, q2\n"                                   \
  "vmladava.s8 r6, q0, q3\n vmladava.s8 lr, q1, q3\n"
#define VG_CORRECT_PAIR "vshr.s32 q2, q0, #31\n vadd.i32 q0, q0, q2\n vshr.s32 q2, q1, #31\n vadd.i32 q1, q1, q2\n"
/* Four channels of both pixels after the other: sums, outputs as halves of which the lower is the first pixel's, bytes. */
#define VG_CHANNELS(correct)                                                                                          \
  __asm volatile("1: ldrd %[x0], %[x1], %[windows]\n ldr %[n], %[steps]\n"                                            \
                 "ldrd r8, r10, [%[k]]\n ldrd r12, lr, [%[k], #8]\n ldrd r0, r2, [%[k]], #8\n ldrd r4, r6, [%[k]], #8\n" \
                 "lsls %[n], %[n], #1\n bcs 3f\n2:\n" VG_STEP "3:\n" VG_STEP "subs %[n], %[n], #2\n bne 2b\n"        \
                 "vmov q0[2], q0[0], r0, r4\n vmov q0[3], q0[1], r2, r6\n vmov q1[2], q1[0], r8, r12\n vmov q1[3], q1[1], r10, lr\n" \
                 "vldrw.32 q2, [%[k]], #16\n vldrw.32 q3, [%[k]], #16\n vqrdmulh.s32 q0, q0, q2\n vqrdmulh.s32 q1, q1, q2\n" correct \
                 "vrshl.s32 q0, q0, q3\n vrshl.s32 q1, q1, q3\n vqmovnb.s32 q0, q0\n ldr r0, %[zero]\n vqmovnt.s32 q0, q1\n" \
                 "ldr r2, %[left]\n vqadd.s16 q0, q0, r0\n ldrd r4, r6, %[to]\n vctp.32 r2\n vqmovnb.s16 q0, q0\n"     \
                 "vpst\n vstrbt.32 q0, [r4], #4\n vshr.u32 q0, q0, #16\n vpst\n vstrbt.32 q0, [r6], #4\n"              \
                 "strd r4, r6, %[to]\n subs r2, r2, #4\n str r2, %[left]\n bgt 1b\n"                                 \
                 : [x0] "=&r"(x0_left), [x1] "=&r"(x1_left), [n] "=&r"(steps_left), [w] "+r"(w), [k] "+r"(k), [left] "+m"(pair.left), [to] "+m"(pair.to) \
                 : [windows] "m"(pair.windows), [steps] "m"(pair.steps), [zero] "m"(pair.zero)                       \
                 : "r0", "r2", "r4", "r6", "r8", "r10", "r12", "lr", "q0", "q1", "q2", "q3", "p0", "cc", "memory")
/* One pixel, eight channels after the other, while there are more than four. */
#define VG_TAP(low, high, more) "vmladava.s8 " low ", q0, q1\n" more "vmladava.s8 " high ", q0, q2\n"
#define VG_NEXT_FOURS "vldrb.8 q1, [%[w]], #16\n vldrb.8 q2, [%[w1]], #16\n"
#define VG_EIGHTS(correct)                                                                                            \
  __asm volatile("1: ldr %[x], %[window]\n ldrd %[n], %[w1], %[loads]\n add %[w1], %[w]\n"                          \
                 "ldrd r0, r2, [%[k]]\n ldrd r4, r6, [%[k], #8]\n ldrd r8, r10, [%[k], #48]\n ldrd r12, lr, [%[k], #56]\n" \
                 "2: vldrb.8 q0, [%[x]], #16\n" VG_NEXT_FOURS VG_TAP("r0", "r8", "") VG_NEXT_FOURS VG_TAP("r2", "r10", "") \
                 VG_NEXT_FOURS VG_TAP("r4", "r12", "") VG_NEXT_FOURS VG_TAP("r6", "lr", "subs %[n], #1\n") "bne 2b\n"  \
                 "vmov q0[2], q0[0], r0, r4\n vmov q0[3], q0[1], r2, r6\n vmov q1[2], q1[0], r8, r12\n vmov q1[3], q1[1], r10, lr\n" \
                 "vldrw.32 q2, [%[k], #16]\n vldrw.32 q3, [%[k], #64]\n vqrdmulh.s32 q0, q0, q2\n vqrdmulh.s32 q1, q1, q3\n" correct \
                 "vldrw.32 q2, [%[k], #32]\n vldrw.32 q3, [%[k], #80]\n vrshl.s32 q0, q0, q2\n vrshl.s32 q1, q1, q3\n" \
                 "vqmovnb.s32 q0, q0\n ldrd r0, r2, %[zero]\n vqmovnt.s32 q0, q1\n vqadd.s16 q0, q0, r0\n"         \
                 "ldr r4, %[to]\n vqmovnb.s16 q0, q0\n subs r2, r2, #4\n vstrb.32 q0, [r4], #4\n vctp.32 r2\n vshr.u32 q0, q0, #16\n" \
                 "vpst\n vstrbt.32 q0, [r4], #4\n adds %[k], #96\n mov %[w], %[w1]\n subs r2, r2, #4\n str r4, %[to]\n str r2, %[left]\n" \
                 "cmp r2, #4\n bgt 1b\n"                                                                            \
                 : [x] "=&r"(x0_left), [w1] "=&r"(x1_left), [n] "=&r"(steps_left), [w] "+r"(w), [k] "+r"(k), [left] "+m"(pair.left), [to] "+m"(pair.to[0]) \
                 : [window] "m"(pair.windows[0]), [loads] "m"(pair.loads), [zero] "m"(pair.zero)                 \
                 : "r0", "r2", "r4", "r6", "r8", "r10", "r12", "lr", "q0", "q1", "q2", "q3", "p0", "cc", "memory")
#endif

/* `pixels` windows, the first at x and `step` bytes between them, become as many pixels at `out`. */
static VG_NOINLINE void vg_conv_pairs(const vg_conv *conv, const int8_t *x, uint32_t step, int32_t pixels, int8_t *out) {
  const uint32_t n = conv->window.out_c;
#if VG_MVE
  const uint32_t vectors = conv->depth / 16u;
  const int positive = conv->window.out_zero == -128;
  vg_pair pair = {{x, x}, {out, out}, (vectors + 1) / 2 | vectors << 31, conv->window.out_zero, 0, {vectors, 4u * conv->depth}};
#endif
  for (; pixels > 0; pixels -= 2, x += 2 * step, out += 2 * n) {
    const int8_t *const x1 = pixels > 1 ? x + step : x;
    int8_t *const out1 = pixels > 1 ? out + n : out;
#if VG_MVE
    const int8_t *w = conv->weights, *x0_left, *x1_left;
    const int32_t *k = conv->numbers;
    uint32_t steps_left;
    pair.windows[0] = x, pair.windows[1] = x1, pair.to[0] = out, pair.to[1] = out1, pair.left = (int32_t)n;
#if VG_ODD
    if (pixels == 1 && n > 4) {
      if (positive) {
        VG_EIGHTS("");
      } else {
        VG_EIGHTS(VG_CORRECT_PAIR);
      }
      if (pair.left <= 0) return;
      pair.to[1] = pair.to[0];
    }
#endif
    if (positive) {
      VG_CHANNELS("");
    } else {
      VG_CHANNELS(VG_CORRECT_PAIR);
    }
#else
    const int32_t *numbers = conv->numbers;
    const int8_t *w = conv->weights;
    for (uint32_t c = 0; c < n; c += 4, numbers += 12, w += 4 * conv->depth) {
      int32_t a[4] = {0}, b[4] = {0};
      vg_dot4(x, w, conv->depth, a), vg_dot4(x1, w, conv->depth, b);
      vg_put4(a, numbers, conv->window.out_zero, n - c, out + c), vg_put4(b, numbers, conv->window.out_zero, n - c, out1 + c);
    }
#endif
  }
}

/* kernel_w pixels of an input row from column `left` on; the zero point outside. */
static void vg_copy_run(const vg_window *g, const int8_t *row, int32_t left, int32_t taps, int8_t *to) {
  const int32_t n = g->in_c, width = g->in_w, first = left < 0 ? -left : 0, last = left + taps > width ? width - left : taps;
  if (!row) {
    vg_fill(to, g->in_zero, (uint32_t)(taps * n));
    return;
  }
  vg_fill(to, g->in_zero, (uint32_t)(first * n));
  vg_copy(to + first * n, row + (left + first) * n, (uint32_t)((last - first) * n));
  vg_fill(to + last * n, g->in_zero, (uint32_t)((taps - last) * n));
}

static VG_NOINLINE void vg_gather(const vg_window *g, const int8_t *const *rows, int32_t left, int8_t *to) {
  const uint32_t run = (uint32_t)g->kernel_w * g->in_c;
  const int plain = g->dilation_w == 1, inside = plain && left >= 0 && left + g->kernel_w <= g->in_w;
  for (const int8_t *const *const end = rows + g->kernel_h; rows < end; ++rows, to += run) {
    if (*rows && inside) {
      vg_copy(to, *rows + (uint32_t)left * g->in_c, run);
    } else if (plain) {
      vg_copy_run(g, *rows, left, g->kernel_w, to);
    } else {
      vg_copy_taps(g, *rows, left, to);
    }
  }
}

/* Two windows, `step` bytes between them, of `depth` bytes each, a multiple of 8, from places counted from `strip` on. */
static inline void vg_gather_places(const int8_t *strip, uint32_t step, const uint16_t *places, uint32_t depth, int8_t *to) {
#if VG_MVE
  int8_t *second = to + depth;
  __asm volatile("dls lr, %[n]\n1: vldrh.16 q2, [%[places]], #16\n vldrb.u16 q0, [%[strip], q2]\n vldrb.u16 q1, [%[next], q2]\n"
                 "vstrb.16 q0, [%[to]], #8\n vstrb.16 q1, [%[second]], #8\n le lr, 1b\n"
                 : [to] "+l"(to), [second] "+l"(second), [places] "+r"(places)
                 : [n] "r"(depth / 8), [strip] "r"(strip), [next] "r"(strip + step)
                 : "lr", "q0", "q1", "q2", "memory");
#else
  for (uint32_t i = 0; i < depth; ++i) to[i] = strip[places[i]], to[depth + i] = strip[step + places[i]];
#endif
}

/* An output row, windows copied run by run. */
static VG_NOINLINE void vg_row_of_runs(const vg_conv *conv, const int8_t *const *rows, int8_t *patch, int8_t *out) {
  const vg_window *const g = &conv->window;
  int32_t left = -(int32_t)g->pad_left;
  for (int32_t x = g->out_w; x > 0; x -= 2, left += 2 * g->stride_w, out += 2u * g->out_c) {
    vg_gather(g, rows, left, patch);
    if (x > 1) vg_gather(g, rows, left + g->stride_w, patch + conv->depth);
    vg_conv_pairs(conv, patch, conv->depth, x > 1 ? 2 : 1, out);
  }
}

/* An output row, windows gathered from a strip. */
static VG_NOINLINE void vg_row_of_strip(const vg_conv *conv, const int8_t *const *rows, int8_t *patch, int8_t *strip, int8_t *out) {
  const vg_window *const g = &conv->window;
  const uint32_t step = (uint32_t)g->stride_w * g->in_c;
  for (uint32_t k = 0; k < g->kernel_h; ++k) vg_copy_run(g, rows[k], -(int32_t)g->pad_left, conv->strip / g->in_c, strip + k * conv->strip);
  for (int32_t x = g->out_w; x > 0; x -= 2, strip += 2 * step, out += 2u * g->out_c) {
    vg_gather_places(strip, x > 1 ? step : 0, conv->places, conv->depth, patch);
    vg_conv_pairs(conv, patch, conv->depth, x > 1 ? 2 : 1, out);
  }
}

/* Output rows [first, last). Windows of one tap are read where they are: there is no scratch. Else it holds two windows and, where runs are so short that
 * copying them one by one costs more, the rows that an output row sees, with their padding. */
static void vg_conv_rows(const vg_conv *conv, const int8_t *in, int8_t *out, void *scratch, uint32_t first, uint32_t last) {
  const vg_window *const g = &conv->window;
  int8_t *const patch = (int8_t *)scratch;
  const int8_t *rows[VG_KERNEL_H];
  for (; first < last; ++first) {
    int8_t *const to = vg_output_row(g, out, first);
    vg_input_rows(g, in, first, rows);
    if (!scratch) {
      vg_conv_pairs(conv, rows[0], (uint32_t)g->stride_w * g->in_c, g->out_w, to);
    } else if (conv->strip) {
      vg_row_of_strip(conv, rows, patch, patch + conv->depth * 2, to);
    } else {
      vg_row_of_runs(conv, rows, patch, to);
    }
  }
}
