/* Convolution by pairs of products: four pixels times two channels at a time, or two pixels where less scratch is wanted. A window is kernel_h runs of kernel_w * in_c bytes, each rounded up to words;
 * `depth` counts the bytes. weights: [out_c / 2][depth / 2] words of pairs.c; channels: multiplier, bias * 32 + shift of each. */
#ifndef VG_TWO
#define VG_TWO 0
#endif
#if VG_TWO
#define VG_PIXELS(conv) ((conv)->pixels)
#else
#define VG_PIXELS(conv) 4u
#endif

typedef struct {
  vg_window window;
  uint16_t depth;
#if VG_TWO
  uint16_t pixels; /* four or two, of an even number in a row */
#endif
  const uint32_t *weights;
  const uint32_t *channels;
} vg_conv;

/* From bytes to halves: words of all pixels alternate, so that one load gives two of them. */
static inline uint32_t *vg_widen(uint32_t *to, const int8_t *from, uint32_t bytes, uint32_t pixels) {
  for (const int8_t *const end = from + bytes; from < end; from += 4, to += 2 * pixels) {
    const uint32_t x = vg_load(from);
    to[0] = vg_even(x);
    to[pixels] = vg_odd(x);
  }
  return to;
}

#if VG_DSP
#define VG_STEP                                                                                                                              \
  "ldr %[w], [%[wp]], #4\n sxtb16 %[l], %[w]\n ldrd %[x], %[y], [%[xp]], #8\n"                                                               \
  "smlad %[a0], %[x], %[l], %[a0]\n smlad %[b0], %[x], %[w], %[b0]\n smlad %[a1], %[y], %[l], %[a1]\n smlad %[b1], %[y], %[w], %[b1]\n"      \
  "ldrd %[x], %[y], [%[xp]], #8\n"                                                                                                           \
  "smlad %[a2], %[x], %[l], %[a2]\n smlad %[b2], %[x], %[w], %[b2]\n smlad %[a3], %[y], %[l], %[a3]\n smlad %[b3], %[y], %[w], %[b3]\n"
#define VG_PRODUCTS                                                                                                                         \
  __asm volatile("ldr %[w], %[end8]\n cmp %[xp], %[w]\n beq 2f\n"                                                                           \
                 "1:\n" VG_STEP VG_STEP VG_STEP VG_STEP VG_STEP VG_STEP VG_STEP VG_STEP                                                     \
                 "ldr %[w], %[end8]\n cmp %[xp], %[w]\n bne 1b\n"                                                                           \
                 "2: ldr %[w], %[end]\n cmp %[xp], %[w]\n beq 4f\n"                                                                         \
                 "3:\n" VG_STEP VG_STEP                                                                                                     \
                 "ldr %[w], %[end]\n cmp %[xp], %[w]\n bne 3b\n"                                                                            \
                 "4:\n"                                                                                                                     \
                 : [a0] "+r"(a0), [a1] "+r"(a1), [a2] "+r"(a2), [a3] "+r"(a3), [b0] "+r"(b0), [b1] "+r"(b1), [b2] "+r"(b2), [b3] "+r"(b3),   \
                   [xp] "+r"(x), [wp] "+r"(w), [w] "=&r"(t0), [l] "=&r"(t1), [x] "=&r"(t2), [y] "=&r"(t3)                                    \
                 : [end] "m"(end), [end8] "m"(end8)                                                                                         \
                 : "cc", "memory")
#else
#define VG_PRODUCTS                                                            \
  for (; x < end; x += 4, ++w) {                                               \
    const uint32_t low_bytes = vg_even(*w);                                    \
    a0 = vg_dual(x[0], low_bytes, a0), b0 = vg_dual(x[0], *w, b0);             \
    a1 = vg_dual(x[1], low_bytes, a1), b1 = vg_dual(x[1], *w, b1);             \
    a2 = vg_dual(x[2], low_bytes, a2), b2 = vg_dual(x[2], *w, b2);             \
    a3 = vg_dual(x[3], low_bytes, a3), b3 = vg_dual(x[3], *w, b3);             \
  }
#endif

/* Four pixels. a: sums of one channel, b: 256 times those of the next, and these. */
static VG_NOINLINE void vg_conv_four(const vg_conv *conv, const uint32_t *patch, int8_t *out) {
  const uint32_t *w = conv->weights, *channel = conv->channels;
  const uint32_t n = conv->window.out_c;
  const int32_t zero = conv->window.out_zero;
  const uint32_t *const end = patch + conv->depth * 2;
#if VG_DSP
  const uint32_t *const end8 = patch + (conv->depth & ~15u) * 2;
  uint32_t t0, t1, t2, t3;
#endif
  for (int8_t *const last = out + n - 1; out <= last; out += 2, channel += 4) {
    const int32_t low = (int32_t)channel[1] >> 5, both = (int32_t)((uint32_t)low + ((uint32_t)((int32_t)channel[3] >> 5) << 8));
    int32_t a0 = low, a1 = low, a2 = low, a3 = low, b0 = both, b1 = both, b2 = both, b3 = both;
    const uint32_t *x = patch;
    int8_t *to = out;
    VG_PRODUCTS;
    b0 = vg_second(a0, b0), b1 = vg_second(a1, b1), b2 = vg_second(a2, b2), b3 = vg_second(a3, b3);
    uint32_t shift = channel[1] & 31u;
    int32_t offset = vg_offset(zero, shift);
    VG_REQUANTIZE4(a0, a1, a2, a3, channel[0], shift, offset);
    to[0] = (int8_t)a0, to[n] = (int8_t)a1, to[2 * n] = (int8_t)a2, to[3 * n] = (int8_t)a3;
    if (to == last) return;
    shift = channel[3] & 31u, offset = vg_offset(zero, shift);
    VG_REQUANTIZE4(b0, b1, b2, b3, channel[2], shift, offset);
    ++to;
    to[0] = (int8_t)b0, to[n] = (int8_t)b1, to[2 * n] = (int8_t)b2, to[3 * n] = (int8_t)b3;
  }
}

/* One pixel: widened words lie behind one another. */
static VG_NOINLINE void vg_conv_one(const vg_conv *conv, const uint32_t *patch, int8_t *out) {
  const uint32_t *w = conv->weights, *channel = conv->channels;
  for (int8_t *const last = out + conv->window.out_c - 1; out <= last; out += 2, channel += 4) {
    int32_t a = (int32_t)channel[1] >> 5, b = (int32_t)((uint32_t)a + ((uint32_t)((int32_t)channel[3] >> 5) << 8));
    const uint32_t *x = patch;
#define VG_FOUR_VALUES(i)                                           \
  do {                                                              \
    uint32_t w0, w1;                                                \
    vg_take_two(&w, &w0, &w1);                                      \
    a = vg_dual(x[i], vg_even(w0), a), b = vg_dual(x[i], w0, b);    \
    a = vg_dual(x[(i) + 4], vg_even(w1), a), b = vg_dual(x[(i) + 4], w1, b); \
  } while (0)
    const uint32_t *const fours = patch + (conv->depth & ~15u) * 2, *const end = patch + conv->depth * 2;
    for (; x < fours; x += 32) {
      VG_FOUR_VALUES(0);
      VG_FOUR_VALUES(8);
      VG_FOUR_VALUES(16);
      VG_FOUR_VALUES(24);
    }
    for (; x < end; x += 8) VG_FOUR_VALUES(0);
#undef VG_FOUR_VALUES
    uint32_t shift = channel[1] & 31u;
    out[0] = vg_requantize(a, channel[0], shift, vg_offset(conv->window.out_zero, shift));
    if (out == last) return;
    shift = channel[3] & 31u;
    out[1] = vg_requantize(vg_second(a, b), channel[2], shift, vg_offset(conv->window.out_zero, shift));
  }
}

/* The window of one output pixel into every fourth or second word of `patch`; `taps` takes runs that reach into padding. */
static void vg_gather(const vg_window *g, const int8_t *const *rows, int32_t left, uint32_t *patch, int8_t *taps, uint32_t pixels) {
  const uint32_t n = g->in_c, run = (uint32_t)g->kernel_w * n;
  const int inside = left >= 0 && left + g->kernel_w <= g->in_w && g->dilation_w == 1;
  for (const int8_t *const *const end = rows + g->kernel_h; rows < end; ++rows) {
    const int8_t *from = taps;
    if (inside && *rows) {
      from = *rows + (uint32_t)left * n;
    } else {
      vg_copy_taps(g, *rows, left, taps);
    }
    patch = vg_widen(patch, from, run, pixels);
  }
}

/* The windows of four output pixels, none of which reaches into columns of padding. */
static void vg_gather_four(const vg_window *g, const int8_t *const *rows, uint32_t left, uint32_t *to, int8_t *taps) {
  const uint32_t n = g->in_c, run = (uint32_t)g->kernel_w * n;
  for (const int8_t *const *const last = rows + g->kernel_h; rows < last; ++rows) {
    const int8_t *from = taps;
    uint32_t step = 0;
    if (*rows) {
      from = *rows + left * n, step = g->stride_w * n;
    } else {
      memset(taps, g->in_zero, run);
    }
    for (const int8_t *const end = from + run; from < end; from += 4, to += 8) {
      const uint32_t a = vg_load(from), b = vg_load(from + step), c = vg_load(from + 2 * step), d = vg_load(from + 3 * step);
      to[0] = vg_even(a), to[1] = vg_even(b), to[2] = vg_even(c), to[3] = vg_even(d);
      to[4] = vg_odd(a), to[5] = vg_odd(b), to[6] = vg_odd(c), to[7] = vg_odd(d);
    }
  }
}

#if VG_TWO
#if VG_DSP
#define VG_STEP_TWO                                                                                                          \
  "ldr %[w], [%[wp]], #4\n ldrd %[x], %[y], [%[xp]], #8\n sxtb16 %[l], %[w]\n smlad %[b0], %[x], %[w], %[b0]\n"             \
  "smlad %[b1], %[y], %[w], %[b1]\n smlad %[a0], %[x], %[l], %[a0]\n smlad %[a1], %[y], %[l], %[a1]\n"
#define VG_PRODUCTS_TWO                                                                                                      \
  __asm volatile("cmp %[xp], %[end8]\n beq 2f\n"                                                                            \
                 "1:\n" VG_STEP_TWO VG_STEP_TWO VG_STEP_TWO VG_STEP_TWO VG_STEP_TWO VG_STEP_TWO VG_STEP_TWO VG_STEP_TWO      \
                 "cmp %[xp], %[end8]\n bne 1b\n2: cmp %[xp], %[end]\n beq 4f\n"                                            \
                 "3:\n" VG_STEP_TWO VG_STEP_TWO "cmp %[xp], %[end]\n bne 3b\n4:\n"                                         \
                 : [a0] "+r"(a0), [a1] "+r"(a1), [b0] "+r"(b0), [b1] "+r"(b1), [xp] "+r"(x), [wp] "+r"(w), [w] "=&r"(t0),     \
                   [l] "=&r"(t1), [x] "=&r"(t2), [y] "=&r"(t3)                                                               \
                 : [end] "r"(end), [end8] "r"(end8)                                                                          \
                 : "cc", "memory")
#else
#define VG_PRODUCTS_TWO                                            \
  for (; x < end; x += 2, ++w) {                                   \
    const uint32_t low_bytes = vg_even(*w);                        \
    a0 = vg_dual(x[0], low_bytes, a0), b0 = vg_dual(x[0], *w, b0); \
    a1 = vg_dual(x[1], low_bytes, a1), b1 = vg_dual(x[1], *w, b1); \
  }
#endif

/* Two pixels. */
static VG_NOINLINE void vg_conv_two(const vg_conv *conv, const uint32_t *patch, int8_t *out) {
  const uint32_t *w = conv->weights, *channel = conv->channels;
  const uint32_t n = conv->window.out_c;
  const uint32_t *const end = patch + conv->depth;
#if VG_DSP
  const uint32_t *const end8 = patch + (conv->depth & ~15u);
  uint32_t t0, t1, t2, t3;
#endif
  for (int8_t *const last = out + n - 1; out <= last; out += 2, channel += 4) {
    const int32_t low = (int32_t)channel[1] >> 5, both = (int32_t)((uint32_t)low + ((uint32_t)((int32_t)channel[3] >> 5) << 8));
    int32_t a0 = low, a1 = low, b0 = both, b1 = both;
    const uint32_t *x = patch;
    VG_PRODUCTS_TWO;
    uint32_t shift = channel[1] & 31u;
    int32_t offset = vg_offset(conv->window.out_zero, shift);
    out[0] = vg_requantize(a0, channel[0], shift, offset), out[n] = vg_requantize(a1, channel[0], shift, offset);
    if (out == last) return;
    shift = channel[3] & 31u, offset = vg_offset(conv->window.out_zero, shift);
    out[1] = vg_requantize(vg_second(a0, b0), channel[2], shift, offset), out[n + 1] = vg_requantize(vg_second(a1, b1), channel[2], shift, offset);
  }
}

/* An output row two pixels at a time. */
static void vg_conv_row_of_twos(const vg_conv *conv, const int8_t *const *rows, uint32_t *patch, int8_t *taps, int8_t *to) {
  const vg_window *const g = &conv->window;
  int32_t left = -(int32_t)g->pad_left;
  for (const int8_t *const end = to + (uint32_t)g->out_w * g->out_c; to < end; to += 2u * g->out_c) {
    for (uint32_t p = 0; p < 2; ++p, left += g->stride_w) vg_gather(g, rows, left, patch + p, taps, 2);
    vg_conv_two(conv, patch, to);
  }
}
#endif

/* Output rows [first, last); scratch: four windows of halves, or two, then one run of bytes. */
static void vg_conv_rows(const vg_conv *conv, const int8_t *in, int8_t *out, void *scratch, uint32_t first, uint32_t last) {
  const vg_window *const g = &conv->window;
  uint32_t *const patch = (uint32_t *)scratch;
  int8_t *const taps = (int8_t *)(patch + conv->depth / 2 * VG_PIXELS(conv));
  const int8_t *rows[VG_KERNEL_H];
  for (uint32_t y = first; y < last; ++y) {
    int8_t *to = vg_output_row(g, out, y);
    int32_t left = -(int32_t)g->pad_left;
    vg_input_rows(g, in, y, rows);
#if VG_TWO
    if (conv->pixels == 2) {
      vg_conv_row_of_twos(conv, rows, patch, taps, to);
      continue;
    }
#endif
    for (uint32_t x = g->out_w; x > 0;) {
      const uint32_t pixels = x >= 4 ? 4 : 1;
      if (pixels == 4 && left >= 0 && left + 3 * g->stride_w + g->kernel_w <= g->in_w && g->dilation_w == 1) {
        vg_gather_four(g, rows, (uint32_t)left, patch, taps);
        left += 4 * g->stride_w;
      } else {
        for (uint32_t p = 0; p < pixels; ++p, left += g->stride_w) vg_gather(g, rows, left, patch + p, taps, 4);
      }
      if (pixels == 4) {
        vg_conv_four(conv, patch, to);
      } else {
        vg_conv_one(conv, patch, to);
      }
      x -= pixels, to += pixels * g->out_c;
    }
  }
}
